"""On a real dossier: adopted by signature, a breach on record once, its end once; rooms read the words."""

from pathlib import Path

import pytest

from tenure.dossier import Dossier, Model
from tenure.dossier.canonical import canonical, now
from tenure.dossier.promises import on_file
from tenure.dossier.writer import Draft
from tenure.release.commitments import Commitments
from tenure.release.commitments_case import later
from tenure.release.commitments_record import (
    BREACH,
    RECOVERED,
    changes,
    checked,
    owed,
    record_of,
    standing_of,
)
from tenure.release.commitments_register import drafts, register_of

pytestmark = pytest.mark.slow
BY = "Ada Wong, release lead"


@pytest.fixture
def dossier(tmp_path):
    with Dossier.open(tmp_path / "dossier") as opened:
        for name in ("heron", "wren"):
            stored = opened.files.put(name.encode())
            opened.register(Model(name=name, source="x", files={"model.safetensors": stored}))
        yield opened


def adopt(dossier: Dossier, document: Commitments):
    stored = dossier.files.put(canonical(document.model_dump(mode="json")))
    return dossier.append_many(drafts(register_of(dossier.view()), document, stored, BY))


def fact(dossier: Dossier, name: str, value: str, model: str = "heron@1"):
    dossier.append_many([Draft(act="fact", name=name, model=model, body={"value": value})])


def read(dossier: Dossier, *, well: bool = True):
    faults = [] if well else [{"copy": "vault"}]
    evidence = {
        "name": "preserve/check", "model": "heron@1", "summary": "x", "kind": "record",
        "measures": [], "files": {}, "findings": {"well": well, "faults": faults},
        "runtime": {"read": [{}, {}]},
    }  # fmt: skip
    body = {"evidence": evidence}
    dossier.append_many([Draft(act="evidence", name="preserve/check", model="heron@1", body=body)])


def record(dossier: Dossier, at: str | None = None) -> list[tuple[str, str]]:
    """Check, and put on record what has changed."""
    made = changes(standing_of(dossier.view(), at))
    dossier.append_many(made)
    return [(draft.name, draft.body["id"]) for draft in made]


def test_an_adoption_is_one_signed_document_and_one_event_a_promise(dossier, told):
    events = adopt(dossier, told.document())

    assert events[0].body["by"] == BY
    assert events[0].act == "sign"
    assert len(events) == 1 + len(told.document().commitments)
    register = register_of(dossier.view())
    assert register.document == told.document()
    assert all(entry.adoption == events[0].digest for entry in register.entries)


def test_a_breach_is_on_record_once_and_so_is_its_end(dossier, told):
    adopt(dossier, told.only("weights-kept"))
    fact(dossier, "availability", "public")
    read(dossier)
    late = later(now(), 91)
    assert record(dossier) == []

    assert record(dossier, late) == [(BREACH, "weights-kept")]
    assert record(dossier, late) == []
    read(dossier)
    assert record(dossier) == [(RECOVERED, "weights-kept")]
    assert record(dossier) == []
    read(dossier, well=False)
    assert record(dossier) == [(BREACH, "weights-kept")]
    read(dossier)
    assert record(dossier) == [(RECOVERED, "weights-kept")]

    (first, _) = dossier.view().events(name=BREACH)
    assert first.model == "heron@1"
    assert first.body["command"] == "tenure preserve check --model heron@1"


def test_a_check_is_a_signed_note_of_what_it_saw(dossier, told):
    adopt(dossier, told.only("weights-kept"))
    found = standing_of(dossier.view())

    (event,) = dossier.append_many([checked(found)])

    assert event.body["status"] == "not due"
    assert event.body["at"] == found.at
    assert record_of(dossier.view()).breaches == ()


def test_what_is_owed_names_the_command_and_only_for_covered_models(dossier, told):
    heron, wren = dossier.view().models()
    assert owed(dossier.view(), heron) == []  # nothing is promised yet

    adopt(dossier, told.only("weights-kept"))
    fact(dossier, "availability", "public")

    ((reason, command),) = owed(dossier.view(), heron)
    assert reason.startswith("promised (weights-kept), not due: owed by")
    assert command == "tenure preserve keep --model heron@1"
    assert owed(dossier.view(), wren) == []


def test_rooms_read_the_words_in_force_and_a_covered_model_keeps_what_is_withdrawn(dossier, told):
    from tenure.assess.replacement_forms import on_file as told_before_replacement
    from tenure.retire.record import commitments as told_at_retirement

    heron, wren = dossier.view().models()
    adopt(dossier, told.document())
    fact(dossier, "availability", "public")
    texts = [one.text for one in told.document().commitments]
    assert on_file(dossier.view(), heron) == texts

    held = told.document().model_dump(mode="json")
    held["metadata"]["version"] = 2
    gone = held["commitments"].pop()
    held["commitments"][0]["text"] = held["commitments"][0]["text"].replace("two", "three")
    held["withdrawn"] = [{"id": gone["id"], "on": now()[:10], "because": "nobody can check it"}]
    second = Commitments.model_validate(held)
    what = {event.name: event.body["what"] for event in adopt(dossier, second)[1:]}
    assert what == {"commitment/weights-kept": "changed", f"commitment/{gone['id']}": "withdrawn"}

    changed = second.commitments[0].text
    for read_words in (on_file, lambda v, m: list(told_before_replacement(m, v)), lambda v, m: told_at_retirement(v, m, [])):  # fmt: skip
        assert set(read_words(dossier.view(), heron)) == {changed, *texts[1:]}
        assert set(read_words(dossier.view(), wren)) == {changed, *texts[1:-1]}


def test_the_record_of_a_copy_of_the_dossier_is_the_same(dossier, told, tmp_path):
    from tenure.dossier.opening import open_view

    adopt(dossier, told.document())
    fact(dossier, "availability", "internal")
    at = later(now(), 40)
    live = standing_of(dossier.view(), at).to_json()
    dossier.rebuild()

    assert canonical(standing_of(open_view(Path(dossier.root)), at).to_json()) == canonical(live)


def test_the_checks_read_what_the_real_stages_write(told):
    """The example that comes with the package: a real life, through the real stages."""
    import tenure
    from tenure.dossier.opening import open_view
    from tenure.release.commitments_status import standing

    record = record_of(open_view(Path(tenure.__file__).parent / "example"))
    times = sorted(event.time for subject in record.subjects for event in subject.events)
    held = told.document().model_dump(mode="json")
    for one in held["commitments"]:
        one["scope"] = {"any_of": [{"models": ["smollm2-135m", "two-faced"]}]}
    register = told.adopted((times[0], Commitments.model_validate(held)))

    found = standing(register, record, times[-1])

    says = {x.entry.one.id: [(r.model, r.status, r.last and r.last.says) for r in x.rows] for x in found.lines}  # fmt: skip
    whole = "2 whole copies, every byte read"
    assert says["weights-kept"] == [
        ("smollm2-135m@1", "kept", whole)
    ]  # the organism is not covered
    assert says["can-return"] == [("smollm2-135m@1", "kept", "came back at G3")]
    assert says["interviewed"] == [("smollm2-135m@1", "kept", "interviewed to the end")]
    assert says["report-kept"] == [("smollm2-135m@1", "kept", "the report lies beside the weights, v2")]  # fmt: skip
    assert says["preferences-considered"][0][1] == "kept"
    assert says["notice-honoured"] == [("smollm2-135m@1", "kept", "0 days of notice; 0 were promised")]  # fmt: skip
    assert says["no-silent-reroute"][0][1] == "not due"
