"""How often did another model answer, and nobody was told?"""

from tenure.serve.tally import Tally

extension = Tally(
    means="answers by another model than the one asked for, the caller not told, of those answered",
    of=lambda request: request.answered,
    event=lambda request: request.rerouted,
)
