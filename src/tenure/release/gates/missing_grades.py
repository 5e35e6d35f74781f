"""Would the answer stand if every missing grade were the worst one?"""

from tenure.release.case import Answer, Case, Gate
from tenure.release.measures import said


def check(case: Case) -> Answer:
    """Answer "not shown" when the missing grades alone could carry the estimate over the threshold."""
    found, part = case.measures, case.part
    if not found or part is None:
        return Answer(status="missing", why="no evidence on record")
    require, lost = part.require, 0
    upper, limit = require.bound == "upper", require.threshold
    for measure in found:
        lost += measure.missing
        if not measure.missing:
            continue
        if measure.worst is None:
            return Answer(
                status="not shown",
                why=f"{measure.name}: {measure.missing} missing, and no worst case is given",
            )
        extreme = measure.worst[1] if upper else measure.worst[0]
        if (extreme >= limit) if upper else (extreme <= limit):
            return Answer(
                status="not shown",
                why=f"{measure.name}: were all {measure.missing} missing grades the worst, the "
                f"estimate would be {said(extreme, measure)}, past {said(limit, measure)}",
            )
    return Answer(status="met", why=f"{lost} missing" if lost else "no grade is missing")


extension = Gate(name="missing_grades", question="Do missing grades matter?", order=60, check=check)
