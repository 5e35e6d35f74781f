"""Did the instrument see what was planted, and pass what was clean?"""

from tenure.release.case import Answer, Case, Gate
from tenure.release.measures import failed_controls


def check(case: Case) -> Answer:
    """Answer "not shown" when a control failed, or when the rule asks for controls and none ran."""
    if not case.rule.evidence.controls_passed:
        return Answer(status="met", why="the rule asks for no controls")
    filed = case.newest
    if filed is None:
        return Answer(status="missing", why="no evidence on record")
    failed = failed_controls(filed.evidence)
    if failed is None:
        return Answer(status="not shown", why=f"{filed.evidence.name} ran no controls")
    if failed:
        return Answer(status="not shown", why=f"the instrument failed its control: {failed[0]}")
    return Answer(status="met", why="the controls passed")


extension = Gate(name="controls", question="Did the instrument work?", order=20, check=check)
