"""Are the weights kept? Nothing is made available that is not in the vault first."""

from tenure.release.case import Answer, Gate, Standing


def check(standing: Standing) -> Answer:
    """Answer "not met" while the model is unkept."""
    if standing.state.custody == "unkept":
        return Answer(
            status="not met",
            why=f"{standing.model.id} is not kept yet; run 'tenure preserve keep --model {standing.model.id}'",
        )
    return Answer(status="met", why="kept")


extension = Gate(name="custody", question="Is it kept?", order=10, check=check, scope="door")
