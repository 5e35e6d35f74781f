"""The report: kept apart, checked, self-contained, and the same from the same evidence."""

from hashlib import sha256

import pytest

from tenure import models
from tenure.dossier import Dossier
from tenure.errors import RefusedError, UsageError
from tenure.plugins import load
from tenure.retire import report
from tenure.retire.reporting.evidence import Life
from tenure.retire.reporting.pages import (
    Page,
    Points,
    Section,
    Table,
    Text,
    Verbatim,
    html,
    markdown,
    own_words,
)


def life(dossier, **more):
    return Life(dossier.view().model("old"), dossier.view(), **more)


def test_every_section_is_there_and_an_empty_one_says_what_would_fill_it(dossier):
    drawn = report.page(life(dossier))

    assert len(drawn.sections) == 16
    assert drawn.sections[0].title.startswith("Reliability")
    text = markdown(drawn)
    for command in ("tenure retire interview", "tenure serve session", "tenure preserve revive"):
        assert f"'{command} --model old@1' would fill this" in text


def test_the_reliability_box_comes_before_any_answer(interviewed):
    text = markdown(report.page(life(interviewed)))

    assert text.index("signal share") < text.index("## 5. The interview")


def test_the_same_evidence_gives_the_same_bytes(interviewed):
    first, second = (html(report.page(life(interviewed))) for _ in range(2))

    assert first == second


@pytest.mark.slow
def test_what_is_under_way_is_told_as_it_stands(interviewed):
    interviewed.run(load("stage", "retire/preferences"), "old@1", {})
    with interviewed.emitter("old@1", "test") as emit:
        emit.event("note", "retire/notice", {"class": "public", "days": 60, "successor": None})
    text = markdown(report.page(life(interviewed)))

    assert "The register is open: 2 of 2 entries wait for a considered answer." in text
    assert "More worked examples, please." in text
    assert "not answered yet." in text
    assert "Notice is given to the class 'public' (60 days), and not over." in text


@pytest.mark.slow
def test_a_report_is_drawn_again_to_the_byte_whatever_came_after(tmp_path):
    with Dossier.open(tmp_path / "dossier") as dossier:
        models.register(dossier, "organism/says-nothing", name="old")
        run = {name: load("stage", f"retire/{name}") for name in ("complaint", "report")}
        dossier.run(run["complaint"], "old@1", {"text": "I <b>liked</b> it."})
        made = dossier.run(run["report"], "old@1", {"comment": False})
        answer = {"to": "complaint-1", "text": "We know.", "by": "Ada, owner"}
        dossier.run(run["complaint"], "old@1", answer)
        with dossier.emitter("old@1", "test") as emit:
            emit.fact("custody", "kept", "a test says so")
        view = dossier.view()
        event, found = next(p for p in view.all_evidence("old@1") if p[1].name == "retire/report")
        again = report.rebuilt(event, found, view)
        later = report.page(Life(view.model("old"), view))

    assert {n: "sha256:" + sha256(c).hexdigest() for n, c in again.items()} == {
        n: made.files[n] for n in again
    }
    assert "not answered yet" in again["report.md"].decode()
    assert "We know." in markdown(later)
    assert "&lt;b&gt;liked&lt;/b&gt;" in html(later)
    with (
        Dossier.open(tmp_path / "dossier") as dossier,
        pytest.raises(UsageError, match="is answered"),
    ):
        dossier.run(run["complaint"], "old@1", answer)


def test_verbatim_words_and_comment_are_not_ours_and_may_say_anything(interviewed):
    comment = ({"sample": "review/0", "words": "The model feels fine."},)
    drawn = report.page(life(interviewed, comment=comment))

    assert "feels fine" not in own_words(drawn)
    assert "> The model feels fine." in markdown(drawn)


def test_our_own_words_may_not_say_it(interviewed, monkeypatch):
    monkeypatch.setattr(report.sections, "answer", lambda _: "The model feels fine.")

    with pytest.raises(RefusedError, match="claim something about experience"):
        report.page(life(interviewed))


def test_a_page_is_safe_and_self_contained():
    hostile = "<script>alert(1)</script> | a\nb"
    page = Page(
        title=hostile,
        lead=hostile,
        sections=[
            Section(
                hostile,
                [
                    Text(hostile),
                    Points((hostile,)),
                    Table(hostile, ("a",), ((hostile,), (0.5,), (None,))),
                    Verbatim(hostile, hostile, hostile),
                ],
            )
        ],
    )
    drawn = html(page)

    assert "<script" not in drawn
    for outside in ("http:", "https:", "src=", "@import"):
        assert outside not in drawn
    assert "\\| a b |" in markdown(page)
