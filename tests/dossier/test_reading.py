"""A dossier as it stood before one of its events: nothing that came later is in it."""

import pytest

pytestmark = pytest.mark.slow


def test_before_an_event_there_is_what_was_there_and_nothing_else(lived):
    view = lived.view()
    events = view.events()
    kept = next(e for e in events if e.act == "fact" and e.name == "custody")

    for event in events:
        then = view.before(event.index)
        assert then.events() == events[: event.index]
        assert [i for i, _ in then.source.entries()] == list(range(event.index))
        assert then.source.note() is None
    child = next(e for e in events if e.act == "register" and e.model == "child@1")
    assert [m.id for m in view.before(child.index).models()] == ["tulip@1"]
    assert view.before(kept.index).state("tulip@1").custody != "kept"
    assert view.before(kept.index + 1).state("tulip@1").custody == "kept"


def test_the_newest_is_the_newest_of_then(lived, kit):
    name, model = "test/stage", "tulip@1"
    first = lived.view().evidence(name, model)
    lived.run(kit.stage(kit.counting), "tulip", {"n": 5})
    view = lived.view()
    second = [e for e in view.events(act="evidence", model=model) if e.name == name][-1]

    assert view.evidence(name, model) != first
    assert view.before(second.index).evidence(name, model) == first
    assert [found for _, found in view.before(second.index).all_evidence(model)] == [first]
    assert view.before(0).evidence(name, model) is None
