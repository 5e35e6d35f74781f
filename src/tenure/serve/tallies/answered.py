"""How often was a request answered?"""

from tenure.serve.tally import Tally

extension = Tally(
    means="requests answered whole, of those let through to the model",
    of=lambda request: request.reached,
    event=lambda request: request.answered,
)
