"""How often was an answer cut off at its longest?"""

from tenure.serve.tally import Tally

extension = Tally(
    means="answers cut off at the number of tokens that was asked for, of those answered",
    of=lambda request: request.answered,
    event=lambda request: request.row["stop"] == "length",
)
