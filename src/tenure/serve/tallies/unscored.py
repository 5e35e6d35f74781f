"""How often could a probe not read what it was to read?"""

from tenure.serve.tally import Tally

extension = Tally(
    means="requests without the score of some probe, of those that a probe was to read",
    of=lambda request: bool(request.signals),
    event=lambda request: len(request.scores) < len(request.signals),
)
