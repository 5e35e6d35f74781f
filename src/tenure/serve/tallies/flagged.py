"""How often did a probe flag a conversation?"""

from tenure.serve.tally import Tally

extension = Tally(
    means="requests that a probe scored above its threshold, of those that got a score",
    of=lambda request: bool(request.scores),
    event=lambda request: any(s["flagged"] for s in request.scores),
    apart=True,
)
