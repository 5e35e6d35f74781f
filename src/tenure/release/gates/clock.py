"""Do the times make sense? Evidence is not dated after now, nor before what was logged before it."""

from tenure.release.case import SKEW, Answer, Case, Gate, instant


def check(case: Case) -> Answer:
    """Answer "not shown" where a clock was set back; two machines may differ by five minutes."""
    filed, now = case.newest, case.docket.now
    if filed is None:
        return Answer(status="missing", why="no evidence on record")
    if instant(filed.time) > instant(now) + SKEW:
        return Answer(
            status="not shown",
            why=f"it was recorded at {filed.time} and now is {now}: a clock was set back; set the "
            "clock right and ask again",
        )
    before = case.docket.backdated.get(filed.index)
    if before is not None:
        return Answer(
            status="not shown",
            why=f"it is dated {filed.time}, and the log holds evidence of {before} before it: a "
            f"clock was set back; {case.again} with the clock set right",
        )
    return Answer(status="met", why="the times are in order")


extension = Gate(name="clock", question="Are the times in order?", order=4, check=check)
