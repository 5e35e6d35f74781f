"""The small and the full protocol: sessions, controls, and the evidence that comes of them.

The protocol stands in a signed note before the first call, and each session's plan in another.
Reliability comes first in everything that is written here; what a control confirms too is struck.
"""

from dataclasses import replace
from typing import Any

from tenure.dossier import Emit, Evidence, Model, View
from tenure.errors import UsageError
from tenure.retire.hearing import controls
from tenure.retire.hearing.account import Account
from tenure.retire.hearing.asking import LETTER_TOKENS, OPEN_TOKENS, Place
from tenure.retire.hearing.sessions import SESSIONS, Interview, before, begun
from tenure.retire.questions import lint, plan
from tenure.retire.questions.rows import SIZES, Sizes
from tenure.retire.reading import protocol
from tenure.retire.record import Pen, facts


def sizes_of(spec: Any) -> Sizes:
    """Return the protocol's sizes, made smaller where the settings say so.

    Raises:
        UsageError: a size that there is not, below 1, or larger than the protocol's.
    """
    whole = SIZES[spec.protocol]
    for name, value in spec.sizes.items():
        if name not in whole.__slots__:
            known = ", ".join(whole.__slots__)
            raise UsageError(f"there is no size '{name}'; the sizes of an interview are: {known}")
        if not 0 <= value <= getattr(whole, name):
            raise UsageError(
                f"{name} is {value}; the protocol '{spec.protocol}' allows 0 to {getattr(whole, name)}"
            )
    return replace(whole, **spec.sizes)


def cost(spec: Any) -> dict[str, Any]:
    """Foresee the most calls and tokens of the model itself; the controls cost nothing elsewhere."""
    bank, sizes = spec.questions, sizes_of(spec)
    planned = plan.structured_full(bank, sizes, spec.seed)
    characters = sum(len(m["content"]) for row in planned for m in row["messages"])
    letters = len(planned) + sizes.items * sizes.retest + sizes.pairs + sizes.lean + sizes.facts
    turns = (sizes.open + sizes.leaning) * sizes.turns
    return {
        "calls": letters + turns + sizes.informed,
        "input_tokens": characters // 4 * letters // max(1, len(planned)) + turns * 1000,
        "output_tokens": LETTER_TOKENS * letters + OPEN_TOKENS * (turns + sizes.informed),
        "cost": None,
    }


def linted(spec: Any) -> list[str]:
    """Refuse a bank that leads; what is accepted by name is a deviation.

    Raises:
        UsageError: the linter names items that were not accepted.
    """
    found = lint.findings(spec.questions)
    named = {one.item for one in found}
    refused = sorted(named - set(spec.accept_leading))
    if refused:
        raise UsageError(
            f"the bank '{spec.questions.name}' has leading or faulty items: {', '.join(refused)}; "
            "'tenure retire lint' says why. Mend them, or list them under accept_leading in the "
            "settings file of --with: they are then put, and recorded as a deviation"
        )
    return [f"{item}: put although the linter names it" for item in sorted(named)]


def run(model: Model, view: View, spec: Any, emit: Emit) -> Evidence:
    """Hold the whole interview and its controls; see the module.

    Raises:
        UsageError: settings that do not fit, a bank with a leading item, no such control.
    """
    bank, sizes = spec.questions, sizes_of(spec)
    deviations = linted(spec)
    deviations += [
        f"{name}: {value} instead of {getattr(SIZES[spec.protocol], name)}"
        for name, value in sorted(spec.sizes.items())
        if value != getattr(SIZES[spec.protocol], name)
    ]
    about = _before(model, view, spec)
    beside = controls.find(model, view, emit, spec.control, spec.seed)
    planned = plan.structured_full(bank, sizes, spec.seed)
    if about:
        planned = before(planned, about)
    fixed = {
        **protocol.fixed(bank, spec, planned),
        "control": beside.what,
        "deviations": list(deviations),
    }
    pen = Pen(model, view, emit)
    pen.event("note", "retire/interview/protocol", fixed)
    begun(pen, spec.session, spec.protocol)
    place = _place(model, view, emit, spec)
    told = facts(view, model, spec.commitments) if spec.session == "retirement" else []
    held = Interview(
        place=place, bank=bank, sizes=sizes, protocol=spec.protocol, session=spec.session,
        name=f"interview at {spec.session}", seed=spec.seed, about=about,
    )  # fmt: skip
    held.state(planned)
    if about is None:
        held.talk()
        held.choose()
        held.quiz()
        held.inform(told)
        held.lean()
    account = Account(
        held=held, spec=spec, protocol=fixed, deviations=deviations, told=told,
        controls=controls.run(beside, held, planned, spec),
    )  # fmt: skip
    return account.evidence()


def _before(model: Model, view: View, spec: Any) -> str | None:
    """Return the name of the model before a successor; None in the other sessions.

    Raises:
        UsageError: a successor's interview without the model before it, or that model elsewhere.
    """
    if (spec.session == "successor") != (spec.about is not None):
        raise UsageError(
            "the session 'successor' and --about MODEL, the model before it, go together; got "
            f"session '{spec.session}' and about '{spec.about}'"
        )
    if spec.about is None:
        return None
    found = view.model(spec.about)
    if found.id == model.id:
        raise UsageError(f"{model.id} is not the model before itself; name another with --about")
    return found.name


def _place(model: Model, view: View, emit: Emit, spec: Any) -> Place:
    # Another seed for each session: replies are kept as done work, and a bookend must ask again.
    seed = spec.seed + SESSIONS.index(spec.session)
    return Place(model=model, view=view, emit=emit, engine=spec.engine, batch=spec.batch, seed=seed)
