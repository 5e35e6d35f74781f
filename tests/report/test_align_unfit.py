"""What a judge that is not qualified said is shown, and nothing is stated of it; what is not measured has its command."""

from types import SimpleNamespace

from tenure.report import align_shown
from tenure.report.align import Aligned


def gap(name):
    return SimpleNamespace(name=f"adherence/{name}", note="")


def change(judge, **holm):
    evidence = SimpleNamespace(
        measures=[gap(name) for name in holm], findings={"holm": holm, "judge": judge}
    )
    return align_shown.change(SimpleNamespace(evidence=evidence, page="p", model=None))


def test_the_questions_that_were_asked_are_counted_without_those_of_an_unfit_judge():
    said = {"statement": "not shown", "p_holm": None}
    held = change({"id": "j@1", "fit": False}, brevity={"statement": "improved", "p_holm": 0.01}, kind=said)  # fmt: skip

    assert (held.tested, held.unfit) == (1, "j@1")
    assert [p.statement for p in held.principles] == ["improved", "not shown"]


def test_an_older_page_and_a_qualified_judge_count_all():
    assert (change(None, brevity={}).tested, change(None, brevity={}).unfit) == (1, "")
    assert change({"id": "j@1", "fit": True}, brevity={"p_holm": 0.2}).unfit == ""


def test_a_change_of_an_earlier_training_is_not_the_last_ones():
    model = SimpleNamespace(model=SimpleNamespace(id="second@1"))
    earlier, own = (SimpleNamespace(item=SimpleNamespace(model=SimpleNamespace(id=f"{n}@1"))) for n in ("first", "second"))  # fmt: skip

    assert Aligned.told.fget(SimpleNamespace(changed=[earlier], subject=model)) == []
    assert Aligned.told.fget(SimpleNamespace(changed=[earlier, own], subject=model)) == [own]
