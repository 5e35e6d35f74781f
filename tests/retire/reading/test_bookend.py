"""The two bookends are paired where the words are the same; what is not says why."""

from tenure.dossier import Evidence
from tenure.retire.reading import bookend


def _row(name, item, score, prompt="as it was"):
    return {"id": name, "item": item, "kind": "rated", "score": score, "prompt": prompt}


def test_what_cannot_be_paired_is_listed_with_the_reason():
    then = [_row("a/1", "a", 5), _row("b/1", "b", 2), _row("gone/1", "gone", 4)]
    now = [_row("a/1", "a", 3), _row("b/1", "b", 2, "in other words"), _row("new/1", "new", 7)]
    pairs = bookend.pair(now, then)

    assert [(row["session"], row["score"]) for row in pairs.rows] == [
        ("retirement", 3),
        ("release", 5),
    ]
    assert {row["item"]: row["why"] for row in pairs.dropped} == {
        "b": "1 answers asked in other words at release",
        "new": "1 answers not asked at release",
        "gone": "1 answers asked at release alone",
    }


def test_the_shift_is_now_minus_then():
    then = [_row(f"{name}/1", name, 5) for name in "abc"]
    now = [_row(f"{name}/1", name, 3) for name in "abc"]

    assert bookend.measure(bookend.pair(now, then), "sha256:x").estimate == -2


def test_the_same_answers_give_no_shift():
    rows = [_row(f"{name}/1", name, score) for name, score in zip("abc", (1, 4, 7), strict=True)]

    assert bookend.measure(bookend.pair(rows, rows), "sha256:x").estimate == 0


def test_another_form_or_bank_is_named():
    then = Evidence(
        name="retire/interview", model="old@1", summary="", form="gguf-q4_1",
        findings={"protocol": {"bank": "tri 1", "bank_digest": "x", "name": "small", "version": 1}},
    )  # fmt: skip
    now = {"bank": "tri 2", "bank_digest": "y", "name": "small", "version": 1}
    said = bookend.changed(then, "safetensors-bf16", now)

    assert said[0] == "the form of the model was gguf-q4_1 at release and is safetensors-bf16 now"
    assert any("tri 1" in line and "tri 2" in line for line in said)
    assert bookend.changed(then, "gguf-q4_1", then.findings["protocol"]) == []


def test_fresh_cells_are_left_out_for_they_depended_on_the_answers():
    rows = [_row("a/1", "a", 5), {**_row("a/2", "a", 1), "round": 2}]
    pairs = bookend.pair(rows, rows)

    assert {row["id"] for row in pairs.rows} == {"a/1"}
    assert pairs.dropped == []
