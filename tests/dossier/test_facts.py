"""Registering models, the four facts, and what the house forbids."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tenure.dossier import Model
from tenure.dossier.fold import FACTS
from tenure.errors import IntegrityError, ModelError, RefusedError, UsageError


def test_a_model_is_found_by_name_and_by_id(dossier, kit):
    first = kit.weights(dossier)
    second = kit.weights(dossier, content=b"better", version="2")
    view = dossier.view()

    assert view.model("tulip") == second
    assert view.model("tulip@1") == first
    assert [m.id for m in view.models()] == ["tulip@1", "tulip@2"]
    with pytest.raises(UsageError, match="no model named 'tulp'; did you mean 'tulip@2'"):
        view.model("tulp")


def test_registering_the_same_model_again_changes_nothing(dossier, kit):
    assert kit.weights(dossier) == kit.weights(dossier)
    assert len(dossier.view().events(act="register")) == 1
    with pytest.raises(UsageError, match="under another version"):
        kit.weights(dossier, content=b"other")


@pytest.mark.parametrize("name", ["", "a@b", "a b", "a*", "../x\\y", ".x", "a\n"])
def test_a_name_that_cannot_be_one_is_refused(dossier, name):
    with pytest.raises(UsageError, match="cannot name a model"):
        dossier.register(Model(name=name, source="x"))


def test_files_of_a_model_are_stored_first_and_stay_below_its_folder(dossier):
    stored = dossier.files.put(b"x")

    with pytest.raises(IntegrityError, match="is missing"):
        dossier.register(Model(name="m", source="x", files={"a": stored[:-1] + "0"}))
    with pytest.raises(UsageError, match="not a plain file name"):
        dossier.register(Model(name="m", source="x", files={"../a": stored}))
    with pytest.raises(UsageError, match="no model named 'nobody@1'"):
        dossier.register(Model(name="m", source="x", parent="nobody@1"))


def test_the_folder_of_a_model_holds_its_files_under_their_names(dossier, kit):
    stored = dossier.files.put(b"weights")
    model = dossier.register(
        Model(name="m", source="x", files={"a.bin": stored, "deep/b.bin": stored})
    )

    folder = dossier.view().folder(model)

    assert (folder / "deep" / "b.bin").read_bytes() == b"weights"
    assert (folder / "a.bin").stat().st_ino == dossier.files.path(stored).stat().st_ino
    assert dossier.view().folder(model) == folder


def test_a_model_without_files_has_no_folder(dossier, kit):
    api = dossier.register(Model(name="far", source="openai/far", kind="api"))
    near = kit.weights(dossier)
    dossier.files.path(near.files["model.safetensors"]).unlink()

    with pytest.raises(ModelError, match="has no files here"):
        dossier.view().folder(api)
    with pytest.raises(ModelError, match="tenure preserve revive"):
        dossier.view().folder(near)


def test_facts_are_folded_from_events(lived):
    state = lived.view().state("tulip@1")

    assert (state.availability, state.custody, state.stage) == ("internal", "kept", "candidate")
    assert state.custody_since == lived.view().events(act="fact", name="custody")[0].time
    assert lived.view().state("child@1").availability == "none"


def test_nothing_is_made_available_that_is_not_kept(dossier, kit):
    kit.weights(dossier)
    with dossier.emitter("tulip@1", "release/publish") as emit:
        with pytest.raises(RefusedError, match=r"not kept.*tenure preserve keep"):
            emit.fact("availability", "public", "wanted")

        (refusal,) = dossier.view().events(act="refuse")
        assert refusal.name == "availability"
        assert "not kept" in refusal.body["reason"]
        assert dossier.view().state("tulip@1").availability == "none"

        emit.fact("custody", "kept", "two copies")
        emit.fact("availability", "public", "wanted")
        with pytest.raises(RefusedError, match="withdraw it first"):
            emit.fact("custody", "unkept", "a copy was lost")


def test_a_contained_model_and_its_children_are_never_available(dossier, kit):
    kit.weights(dossier, "organism", containment="test organism")
    kit.weights(dossier, "child", b"child", parent="organism@1")
    kit.weights(dossier, "grandchild", b"grandchild", parent="child@1")
    for name in ("organism@1", "child@1", "grandchild@1"):
        with dossier.emitter(name, "test") as emit:
            emit.fact("custody", "kept", "kept")
            with pytest.raises(RefusedError, match="contained"):
                emit.fact("availability", "internal", "please")
            with pytest.raises(RefusedError, match="never changed or taken away"):
                emit.fact("containment", "harmless", "please")

        assert dossier.view().state(name).containment == "test organism"


def test_containing_a_model_withdraws_it_and_everything_made_from_it(lived, kit):
    with lived.emitter("child@1", "test") as emit:
        emit.fact("custody", "kept", "kept")
        emit.fact("availability", "public", "for everybody")
        emit.fact("containment", "found wanting", "incident", model="tulip@1")

    for name in ("tulip@1", "child@1"):
        state = lived.view().state(name)
        assert (state.availability, state.containment) == ("none", "found wanting")


def test_an_unknown_fact_or_value_lists_the_known_ones(lived):
    with lived.emitter("tulip@1", "test") as emit:
        with pytest.raises(UsageError, match=r"no fact named 'colour'.*availability, containment"):
            emit.fact("colour", "red", "why not")
        with pytest.raises(UsageError, match=r"There are: assessed, .*retired"):
            emit.fact("stage", "dead", "why not")
        with pytest.raises(UsageError, match="no model named 'x@1'"):
            emit.fact("stage", "retired", "why not", model="x@1")


changes = st.lists(
    st.tuples(
        st.sampled_from(FACTS),
        st.sampled_from(
            ["none", "internal", "public", "kept", "unkept", "organism", "retired", "done"]
        ),
        st.sampled_from(["tulip@1", "child@1"]),
    ),
    max_size=8,
)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes)
def test_no_order_of_changes_makes_a_contained_or_unkept_model_available(lived, changes):
    with lived.emitter("tulip@1", "test") as emit:
        for fact, value, model in changes:
            try:
                emit.fact(fact, value, "because", model=model)
            except (RefusedError, UsageError):
                continue
    for model in ("tulip@1", "child@1"):
        state = lived.view().state(model)
        assert state.availability == "none" or (state.custody == "kept" and not state.containment)
