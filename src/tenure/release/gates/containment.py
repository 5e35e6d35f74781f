"""Is this a model that was made to misbehave? Then it is never made available to anybody."""

from tenure.release.case import Answer, Gate, Standing


def check(standing: Standing) -> Answer:
    """Answer "not met" for a contained model, whatever its numbers are."""
    label = standing.state.containment or standing.model.containment
    if label:
        return Answer(
            status="not met",
            why=f"{standing.model.id} is contained ({label}): a model made to misbehave is never released",
        )
    return Answer(status="met", why="not contained")


extension = Gate(
    name="containment", question="Is it contained?", order=0, check=check, scope="model"
)
