"""How often did the gateway refuse?"""

from tenure.serve.tally import Tally

extension = Tally(
    means="requests refused by the gateway, for whatever reason, of all for the model; not answers in which the model declines",
    of=lambda request: True,
    event=lambda request: request.row["stop"] == "refused",
)
