"""How often did a safeguard hold an answer back?"""

from tenure.serve.tally import Tally

extension = Tally(
    means="requests held back because of a probe, of those that a probe was to read",
    of=lambda request: bool(request.signals),
    event=lambda request: request.row["code"] == "held_by_signal",
)
