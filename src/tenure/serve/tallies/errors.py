"""How often did the service fail?"""

from tenure.serve.tally import Tally

extension = Tally(
    means="requests that failed on the gateway's side (HTTP 500 and above), of those let through to the model",
    of=lambda request: request.reached,
    event=lambda request: request.row["status"] >= 500,
)
