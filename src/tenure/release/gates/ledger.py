"""Is every entry of a ledger settled: every surprise of training explained, or accepted?"""

from tenure.release.case import Answer, Case, Gate


def check(case: Case) -> Answer:
    """Answer "not met" while an entry is in none of the states the rule lists."""
    asked = case.rule.check
    if asked is None or asked.ledger is None:
        return Answer(status="met", why="the rule asks about no ledger")
    rows = case.docket.ledgers.get(asked.ledger, ())
    if case.docket.ledgers.get(asked.ledger) is None:
        return Answer(
            status="missing",
            why=f"no ledger '{asked.ledger}' is kept of {case.model.id}, so nobody looked; an entry "
            "that says that there was nothing opens it",
        )
    states = asked.state_in
    unsettled = [row for row in rows if row.get("state") not in states]
    if unsettled:
        first = unsettled[0]
        return Answer(
            status="not met",
            why=f"{len(unsettled)} of {len(rows)} entries of '{asked.ledger}' are not "
            f"{' or '.join(states)}; '{first.get('id')}' is {first.get('state')}: {first.get('text')}",
            n=len(rows),
        )
    return Answer(
        status="met",
        why=f"all {len(rows)} entries of '{asked.ledger}' are {' or '.join(states)}",
        n=len(rows),
    )


extension = Gate(
    name="ledger", question="Is the ledger settled?", order=0, check=check, scope="check"
)
