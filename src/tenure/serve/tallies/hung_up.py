"""How often did the caller go before the end?"""

from tenure.serve.tally import Tally

extension = Tally(
    means="requests whose caller hung up before the end, of those let through to the model",
    of=lambda request: request.reached,
    event=lambda request: request.row["stop"] == "disconnected",
)
