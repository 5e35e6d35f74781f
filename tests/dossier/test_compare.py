"""Two dossiers of the same work are equal though times, keys, places and unit order differ."""

import pytest

from tenure.dossier import Dossier, Evidence
from tenure.dossier.compare import compare
from tenure.dossier.verify import verify


@pytest.fixture
def pair(tmp_path):
    with (
        Dossier.open(tmp_path / "a", keys=tmp_path / "ka") as one,
        Dossier.open(tmp_path / "b", keys=tmp_path / "kb") as two,
    ):
        yield one, two


def test_the_same_life_twice_is_equal(pair, kit):
    for each in pair:
        kit.live(each)

    assert compare(pair[0].root, pair[1].root) == []


def test_the_order_of_units_does_not_matter(pair, kit):
    for each, order in zip(pair, ((1, 2, 3), (3, 1, 2)), strict=True):
        kit.weights(each)
        with each.emitter("tulip@1", "test") as emit:
            for n in order:
                emit.unit("u", {"n": n}, lambda n=n: n)

    assert compare(pair[0].root, pair[1].root) == []


def test_events_cited_by_digest_and_runtime_are_looked_through(pair, kit):
    for number, each in enumerate(pair):
        kit.weights(each)
        each.run(kit.stage(kit.counting), "tulip", {})

        def decide(model, view, spec, emit, number=number):
            (event,) = view.events(act="evidence", name="test/stage")
            page = emit.file(f"a page with the time in it {number}")
            return Evidence(
                name="x", model=model.id, summary="decided",
                findings={"rests on": [event.digest]}, runtime={"files": {"page": page}, "took": number},
            )  # fmt: skip

        each.run(kit.stage(decide, "test/decide", reads=("test/stage",)), "tulip", {})
        assert verify(each.root).files == 3

    assert compare(pair[0].root, pair[1].root) == []


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (lambda emit: emit.event("note", "more", {}), "note more"),
        (lambda emit: emit.unit("u", {"n": 1}, lambda: 2), "unit test:u"),
        (lambda emit: emit.fact("stage", "retired", "x"), "fact stage"),
    ],
)
def test_what_only_one_has_is_said(pair, kit, more, said):
    for each in pair:
        kit.live(each)
    with pair[1].emitter("tulip@1", "test") as emit:
        more(emit)

    (found,) = compare(pair[0].root, pair[1].root)
    assert found.startswith(f"only in the second: {said}")


def test_another_order_of_events_is_said(pair, kit):
    for each, order in zip(pair, ("xy", "yx"), strict=True):
        kit.weights(each)
        with each.emitter("tulip@1", "test") as emit:
            for name in order:
                emit.event("note", name, {})

    (found,) = compare(pair[0].root, pair[1].root)
    assert found.startswith("another order")
