"""Is it evidence about an unfinished model? Such evidence may stop a release; it never approves."""

from tenure.release.case import Answer, Case, Gate
from tenure.release.measures import directional
from tenure.release.shapes import unreadable


def check(case: Case) -> Answer:
    """Answer "not shown" for directional evidence; asked last, so "not met" has been heard before."""
    filed = case.newest
    if filed is None:
        return Answer(status="missing", why="no evidence on record")
    if unreadable(filed.evidence):
        return Answer(
            status="not shown",
            why=f"the findings of {filed.evidence.name} are no mapping of names to values, so nothing "
            f"says that it is about the finished model; {case.again}",
        )
    if directional(filed.evidence, case.model):
        return Answer(
            status="not shown",
            why="the evidence is of a checkpoint and only directional: it may stop a release and "
            "never approves one; measure the finished model",
        )
    return Answer(status="met", why="it is about the finished model")


extension = Gate(name="directional", question="Is the model finished?", order=70, check=check)
