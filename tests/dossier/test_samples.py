"""A root over sample rows: what it binds, what it hides, and that old evidence is still read."""

import json
import math
import os
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenure.dossier import Dossier, Model, cells, samples
from tenure.dossier.canonical import canonical, digest, lines
from tenure.dossier.compare import compare
from tenure.dossier.merkle import Tree
from tenure.dossier.nouns import Evidence, Recipe
from tenure.dossier.writer import Draft
from tenure.errors import RefusedError, UsageError
from tenure.measure import estimate

pytestmark = pytest.mark.slow

ROWS = [{"id": f"s{i}", "failed": i % 3 == 0, "weight": i / 7} for i in range(11)]
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8"), max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=8,
)


def filed(folder, rows=ROWS, keys="keys"):
    """File an evidence whose measure rests on the rows; return its dossier, open."""
    opened = Dossier.open(folder / "dossier", keys=folder / keys)
    opened.register(Model(name="m", source="test", kind="scripted"))
    with opened.emitter("m@1", "assess/made") as emit:
        named = emit.records(rows)
        recipe = Recipe(estimator="proportion", value="failed")
        measure = estimate(rows, recipe, name="failing", unit="proportion", samples=named)
        found = Evidence(name="assess/made", model="m@1", summary="made", measures=(measure,))
        body = {"key": "k", "work": "k", "evidence": found.to_json()}
        emit.event("evidence", "assess/made", body, files={"samples.jsonl": named})
    return opened


@given(JSON)
@settings(max_examples=150, deadline=None)
def test_a_value_is_written_back_as_it_was_stored(value):
    text = canonical(value).decode()

    assert cells.text_of(cells.read(text)) == text


@given(st.integers(0, 40), st.data())
@settings(max_examples=100, deadline=None)
def test_many_leaves_prove_the_root_and_nothing_else_does(size, data):
    leaves = [bytes([i]) * 32 for i in range(size)]
    shown = sorted(data.draw(st.sets(st.integers(0, size - 1)) if size else st.just(set())))
    tree = Tree(leaves)
    proof = cells.proof(shown, size, tree.range_root) if size else []
    held = {i: leaves[i] for i in shown}

    assert cells.root(held, size, proof) == tree.root()
    with pytest.raises(ValueError, match="too long"):
        cells.root(held, size, [*proof, b"\0" * 32])
    if shown and size > 1:
        other = {**held, shown[0]: b"\xff" * 32}
        assert cells.root(other, size, proof) != tree.root()
    if proof:
        with pytest.raises(ValueError, match="too short"):
            cells.root(held, size, proof[:-1])


def test_evidence_carries_the_root_of_its_rows_and_its_holder_can_compute_it(tmp_path):
    with filed(tmp_path) as opened:
        evidence = opened.view().evidence("assess/made", "m@1")
        secret = samples.secret_in(tmp_path / "keys", create=False)
        (named,) = samples.roots_of(evidence)
        held = samples.roots_of(evidence)[named]

        assert named == digest(lines(ROWS))
        assert (held["count"], held["secret"]) == (len(ROWS), secret.name)
        assert samples.wrong_roots(evidence, opened.files, secret) == []
        swapped = {named: {**held, "root": "00" * 32}}
        bad = replace(evidence, runtime={"samples": swapped})
        assert "do not lead to the root" in samples.wrong_roots(bad, opened.files, secret)[0]


def test_the_secret_is_the_owners_alone_and_its_lack_is_said(tmp_path):
    with filed(tmp_path):
        pass
    place = tmp_path / "keys" / samples.SECRET

    assert place.stat().st_mode & 0o777 == 0o600
    assert samples.secret_in(tmp_path / "keys") == samples.secret_in(tmp_path / "keys")
    assert place.read_text().strip() not in repr(samples.secret_in(tmp_path / "keys"))
    place.chmod(0o644)
    with pytest.raises(RefusedError, match="chmod 600"):
        samples.secret_in(tmp_path / "keys")
    with pytest.raises(UsageError, match="TENURE_KEYS"):
        samples.secret_in(tmp_path / "none", create=False)


def test_a_yes_or_no_cannot_be_guessed_from_its_leaf(tmp_path):
    """The leaves of all possible rows under every public thing do not hold the stored leaf."""
    secret = samples.Secret(os.urandom(32))
    stored = cells.leaf(cells.hashes({"failed": True}, cells.row_salt(secret.raw, "sha256:x", 0)))
    guesses = [
        cells.leaf(cells.hashes({"failed": v}, cells.row_salt(key, "sha256:x", 0)))
        for v in (True, False, None)
        for key in (b"", b"\0" * 32, secret.name.encode())
    ]

    assert stored not in guesses
    again = cells.leaf(cells.hashes({"failed": True}, cells.row_salt(secret.raw, "sha256:x", 1)))
    assert stored != again, "equal rows at two places have different leaves"


def test_two_dossiers_with_other_secrets_compare_alike(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        filed(tmp_path / name).close()

    assert compare(tmp_path / "a" / "dossier", tmp_path / "b" / "dossier") == []
    assert (tmp_path / "a/keys" / samples.SECRET).read_text() != (
        tmp_path / "b/keys" / samples.SECRET
    ).read_text()


def test_what_holds_no_rows_gets_no_root_and_is_filed_all_the_same(tmp_path):
    with Dossier.open(tmp_path / "dossier", keys=tmp_path / "keys") as opened:
        opened.register(Model(name="m", source="test", kind="scripted"))
        attached = opened.files.put(b"not json\n")
        found = Evidence(
            name="x/y", model="m@1", summary="s", files={"notes.jsonl": attached}, runtime={"a": 1}
        )
        body = {"evidence": found.to_json()}
        opened.append_many([Draft(act="evidence", name="x/y", model="m@1", body=body)])

        assert opened.view().evidence("x/y", "m@1").runtime == {"a": 1}


def test_numbers_keep_their_spelling():
    row = cells.read('{"a":1e-7,"b":1e+21,"c":0.1}')

    assert cells.text_of(row) == '{"a":1e-7,"b":1e+21,"c":0.1}'
    assert math.isclose(row["a"], 1e-7)
    assert json.dumps(row)
    for bad in ('{"a":1,"a":2}', "NaN"):
        with pytest.raises(ValueError, match=r"twice|not JSON"):
            cells.read(bad)
