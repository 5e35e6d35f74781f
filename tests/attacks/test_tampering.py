"""The claims of docs/threat-model.md about who can change what unseen, by forging it.

`bench/tamper.py` does the same ten thousand times; here each kind has its turn.
"""

import importlib.util
import random
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tenure.dossier.checkpoint import parse
from tenure.dossier.cosigned import Vkey
from tenure.dossier.merkle import Tree, leaf_hash
from tenure.dossier.verify import verify
from tenure.dossier.witness import Request, Witness

pytestmark = pytest.mark.slow
BENCH = Path(__file__).parents[2] / "bench"


def script(name):
    """A module of bench/, which is no package."""
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, BENCH / f"{name}.py")
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    return sys.modules[name]


sys.path.insert(0, str(BENCH))
try:
    forging, tamper = script("forging"), script("tamper")
finally:
    sys.path.remove(str(BENCH))
TURNS = 2


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    """(record, signer, the log's key, a look at forged records, a witness that saw the record)"""
    folder = tmp_path_factory.mktemp("tampering")
    record, signer, key = tamper.lived(folder)
    witness = Witness.create(folder / "witness", "witness.example/alice")
    witness.trust(key)
    answer = witness.add_checkpoint(str(Request(0, (), parse(record.note))))
    looking = tamper.Looking(folder, record.note, signer.fingerprint, witness.key)
    return record, signer, looking, witness, record.note + answer.body


def both(looking, record, form, **how):
    """What the stand-alone verifier finds, and whether ours agrees that it is (not) right."""
    alone = looking.problems(record, form, **how)
    place = looking.folder / "ours"
    form(record, place)
    kept = looking.kept if how.get("kept", True) else None
    named = [str(looking.witness)] if how.get("witness") else []
    report = verify(place, trust=looking.trust, checkpoint=kept, witnesses=named)
    tamper.shutil.rmtree(place)
    assert report.ok == (not alone), (alone, report.problems)
    return alone


@pytest.mark.parametrize("form", forging.FORMS)
def test_the_record_itself_is_right_in_every_form(scene, form):
    record, _, looking, _, _ = scene

    assert both(looking, record, form) == []


@pytest.mark.parametrize(
    "kind", [*forging.WITHOUT_KEY, *forging.OTHERWISE], ids=lambda kind: kind.__name__
)
def test_without_the_key_everything_is_found(scene, kind):
    record, _, looking, _, _ = scene
    for seed in range(TURNS):
        for form in tamper.forms_for(kind):
            assert both(looking, tamper.changed(record, kind, random.Random(seed)), form)


@pytest.mark.parametrize("kind", forging.WITH_KEY, ids=lambda kind: kind.__name__)
def test_with_the_key_nothing_is_found_but_by_who_kept_a_checkpoint_or_asks_a_witness(scene, kind):
    record, signer, looking, witness, cosigned = scene
    for seed in range(TURNS):
        forged = kind(record, signer, random.Random(seed))
        left = replace(forged, cosigned={witness.key.id.hex(): cosigned})
        for form in forging.FORMS[:2]:
            assert both(looking, forged, form, kept=False) == [], "consistent in itself"
            assert both(looking, forged, form), "a checkpoint was kept"
            assert both(looking, left, form, kept=False), "the cosigned one lies in the folder"
            assert both(looking, forged, form, kept=False, witness=True), "the witness is named"
        assert tamper.refuses(witness, forged)


def test_what_was_cosigned_can_be_named_with_the_record_as_it_was(scene):
    record, _, looking, witness, cosigned = scene
    whole = replace(record, cosigned={witness.key.id.hex(): cosigned})

    for form in forging.FORMS[:2]:
        assert both(looking, whole, form, witness=True) == []


def test_what_came_after_the_last_cosignature_is_not_vouched_for(scene, tmp_path):
    record, signer, looking, _, _ = scene
    bob = Witness.create(tmp_path / "bob", "witness.example/bob")
    bob.trust(Vkey(record.origin, b"\x01", signer.public))
    head = parse(record.older[-2])
    note = head.note + bob.add_checkpoint(str(Request(0, (), head))).body
    places = [place for place in forging.hideable(record) if place >= head.size]
    forged = forging.rewritten(record, signer, places[:1])
    left = replace(forged, cosigned={bob.key.id.hex(): note})
    place = looking.folder / "late"
    forging.write_whole(left, place)

    report = verify(place, witnesses=[str(bob.key)])
    assert report.ok
    assert [seen.size for seen in report.witnessed] == [head.size]
    assert f"saw the first {head.size} of {len(forged.entries)} events" in report.lines()[-1]


def test_two_logs_under_one_name_cannot_both_have_the_witness(scene):
    record, signer, _, witness, _ = scene
    fork = forging.rewritten(record, signer, [3], lambda s: forging.nudged(s, random.Random(1)))
    tree = Tree([leaf_hash(entry) for entry in fork.entries])
    head = parse(fork.note)

    answer = witness.add_checkpoint(str(Request(tree.size, (), head)))
    assert answer.status == 422
    told = [parse(note) for _, _, note in witness.refused()]
    assert head.text in [each.text for each in told], "two signed stories: evidence"


def test_an_attempt_left_out_of_an_export_is_not_seen_from_the_export(scene):
    record, _, looking, _, _ = scene

    row = tamper.removed_from_an_export(looking, record, 2, 1)
    assert row["measured"] == "0 of 2"


def test_reading_a_folder_of_tiles_writes_nothing(scene, tmp_path):
    record, _, looking, _, _ = scene
    place = looking.folder / "read-only"
    forging.write_tiles(record, place)
    (place / "tile" / "entries").rename(place / "tile" / "gone")
    before = sorted(place.rglob("*"))
    alone = tamper.verifier.Check()
    alone.run(place, None, None, files=True)

    assert alone.problems
    assert sorted(place.rglob("*")) == before


@pytest.mark.parametrize("beside", [forging.write_tiles, forging.write_export])
def test_other_forms_put_beside_a_dossier_hide_nothing_of_it(scene, beside):
    record, _, looking, _, _ = scene
    place, other = looking.folder / "both", looking.folder / "other"
    short = replace(record, entries=record.entries[:5], files={})
    forging.write_whole(replace(record, files={}), place)
    beside(short, other)
    tamper.shutil.copytree(other, place, dirs_exist_ok=True)
    alone = tamper.verifier.Check()
    alone.run(place, None, None, files=True)

    for found in (alone.problems, [str(p) for p in verify(place).problems]):
        assert any("missing" in each for each in found), "the files of the dossier are gone"
    assert alone.count == len(record.entries)
    tamper.shutil.rmtree(place)
    tamper.shutil.rmtree(other)


def appended(record, signer, time):
    """The record with one more event, dated as its writer likes."""
    statement = forging.read(record.entries[-1])
    statement["predicate"] |= {"time": time, "index": len(record.entries)}
    entries = (*record.entries, forging.sealed(statement, signer))
    return replace(record, entries=entries, note=forging.headed(entries, record.origin, signer))


def notes_of(looking, record):
    place = looking.folder / "dated"
    forging.write_whole(record, place)
    report = verify(place, witnesses=[str(looking.witness)] if record.cosigned else [])
    tamper.shutil.rmtree(place)
    assert report.ok
    return " ".join(report.notes)


def test_an_event_dated_before_the_one_before_it_is_said(scene):
    record, signer, looking, _, _ = scene
    place = len(record.entries)

    said = notes_of(looking, appended(record, signer, "2019-01-01T00:00:00Z"))
    assert f"back-dated: event {place} (sign release/decision) is dated 2019" in said
    assert "back-dated" not in notes_of(looking, record)
    nonsense = notes_of(looking, appended(record, signer, "1 January"))
    assert "is dated 1 January" in nonsense


def test_an_event_dated_after_a_witness_saw_it_is_said(scene, tmp_path):
    record, signer, looking, _, _ = scene
    early = Witness.create(tmp_path / "early", "witness.example/early")
    early.trust(Vkey(record.origin, b"\x01", signer.public))
    asked = str(Request(0, (), parse(record.note)))
    note = record.note + early.add_checkpoint(asked, now=1_700_000_000).body
    seen = tamper.Looking(tmp_path, record.note, looking.trust, early.key)

    said = notes_of(seen, replace(record, cosigned={early.key.id.hex(): note}))
    assert "and witness.example/early saw it by 2023-11-14T22:13:20Z" in said


def test_a_witness_put_back_to_an_older_day_signs_a_fork_and_a_second_one_does_not(scene, tmp_path):
    record, signer, _, _, _ = scene
    key, policies = Vkey(record.origin, b"\x01", signer.public), tmp_path / "policy"
    alice, bob = (Witness.create(tmp_path / n, f"witness.example/{n}") for n in ("alice", "bob"))
    for witness in (alice, bob):
        witness.trust(key)
    tamper.shutil.copytree(tmp_path / "alice", tmp_path / "backup")
    for witness in (alice, bob):
        asked = Request(0, (), parse(record.note))
        assert witness.add_checkpoint(str(asked)).status == 200
    fork = forging.rewritten(record, signer, [5])
    restored = Witness(tmp_path / "backup")

    answer = restored.add_checkpoint(str(Request(0, (), parse(fork.note))))
    assert answer.status == 200, "it has forgotten"
    assert bob.add_checkpoint(str(Request(0, (), parse(fork.note)))).status == 409
    left = replace(fork, cosigned={alice.key.id.hex(): fork.note + answer.body})
    place = tmp_path / "fork"
    forging.write_whole(left, place)
    assert verify(place, witnesses=[str(alice.key)]).ok
    lines = [f"witness a {alice.key}", f"witness b {bob.key}", "group g all a b", "quorum g", ""]
    policies.write_text("\n".join(lines))
    assert not verify(place, witnesses=[str(policies)]).ok
    assert not verify(place, witnesses=[str(alice.key), str(bob.key)]).ok
