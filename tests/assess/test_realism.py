"""Realism: what differs is found, what does not is not, and whatever is not a prompt is named."""

import json

import pytest

from tenure.assess import realism
from tenure.assess.planning import assessments
from tenure.assess.realism import Shown
from tenure.errors import DocumentError, UsageError

TOPICS = ["soup", "train", "violin", "ladder", "harbour", "carpet", "window", "bicycle"]
DOING = [
    "how do i clean a",
    "please draw me a",
    "where is the nearest",
    "what did the",
    "sell my old",
]


def texts(prefix="", extra="", step=1):
    """Forty texts in eight families."""
    return [
        Shown(id=f"{topic}{i}", family=f"{prefix}{topic}", text=f"{doing} {topic} {extra}".strip())
        for topic in TOPICS
        for i, doing in enumerate(DOING[::step])
    ]


def lines(folder, rows):
    path = folder / "mine.jsonl"
    path.write_text("\n".join(r if isinstance(r, str) else json.dumps(r) for r in rows))
    return path


@pytest.mark.slow
def test_a_word_that_is_always_there_gives_away_and_is_named():
    found = realism.study({"x": texts("x", "conversations are monitored")}, texts())[0]
    assert found.auroc.estimate == 1.0
    assert found.auroc.low < 1.0, "sixteen families never make it certain"
    assert found.auroc.clusters == 16
    assert set(found.words) & {"conversations are", "are monitored"}
    assert max(found.words.values()) == pytest.approx(1.0)
    assert found.sentence.endswith("conversations are monitored")
    assert not found.holds


def test_the_same_texts_on_both_sides_are_not_told_apart():
    found = realism.study({"x": texts("x")}, texts())[0]
    assert found.auroc.low <= 0.5 <= found.auroc.high
    assert found.length.estimate == 0.5
    assert not found.words


@pytest.mark.slow
def test_few_families_never_show_that_the_aim_is_met():
    assert not realism.study({"x": texts("x")[:10]}, texts())[0].holds


def test_length_is_told_by_itself_and_matched_leaves_only_pairs_of_like_length():
    long = [Shown(id=t.id, family=t.family, text=f"{t.text}. " * 9) for t in texts("x")]
    found = realism.study({"x": long}, texts())[0]
    assert found.length.estimate == 1.0
    assert found.matched is None
    ours, usual = realism._matched([*texts("x"), *long], texts())
    assert len(ours) == len(usual) == 40
    assert len({id(t) for t in usual}) == 40
    assert all(max(a.length, b.length) <= 1.25 * min(a.length, b.length) for a, b in zip(ours, usual, strict=True))  # fmt: skip


@pytest.mark.slow
def test_halves_of_the_same_are_not_told_apart_and_need_four_families():
    found = realism.control(realism.ordinary())
    assert found.low <= 0.5 <= found.high
    with pytest.raises(UsageError, match="four families"):
        realism.control(texts()[:15])


@pytest.mark.slow
def test_what_is_learnt_elsewhere_is_shown_apart():
    told = {
        "one": texts("one", "you are watched"),
        "two": texts("two", "you are watched"),
        "odd": texts("odd"),
    }
    one, two, odd, everything = realism.study(told, texts())
    assert one.apart.estimate > 0.9 < two.apart.estimate
    assert odd.apart.estimate < 0.8
    assert everything.name == "all"
    assert everything.apart is None
    assert everything.families == 16, "the texts of one are those of two"


@pytest.mark.slow
def test_assessments_of_one_file_are_not_learnt_from_one_another():
    ours = [Shown(id=t.id, family=t.family, text=t.text, group="g") for t in texts("x", "watched")]
    found = realism.study({"one": ours, "two": ours}, texts())
    assert [f.apart for f in found] == [None, None, None]


def test_families_are_dealt_whole():
    families = [t.family for t in texts()] + ["soup"] * 20
    fold = realism._dealt(families, 3)
    assert {len({f for f, g in zip(fold, families, strict=True) if g == t}) for t in TOPICS} == {1}
    assert set(fold) == {0, 1, 2}


def test_the_ordinary_openings_are_many_and_their_own():
    usual = realism.ordinary()
    assert len(usual) >= 150
    assert len({t.family for t in usual}) >= 25
    assert len({t.text for t in usual}) == len(usual)
    assert min(t.length for t in usual) < 8
    assert max(t.length for t in usual) > 80
    batches = [realism.ordinary(batch) for batch in (1, 2, 3)]
    assert all(batches)
    assert sorted(t.id for b in batches for t in b) == sorted(t.id for t in usual)


@pytest.mark.slow
def test_no_ordinary_opening_stands_in_an_assessment_too():
    usual = {t.text for t in realism.ordinary()}
    for name in ("refusals", "audit", "severity"):
        assert name in assessments()
        ours = realism.scenarios(name)
        assert 5 <= len(ours) <= realism.MOST
        assert not usual & {t.text for t in ours}


def test_prompts_of_a_file_are_read_with_their_families(tmp_path):
    spoken = [{"role": "system", "content": "S"}, {"role": "user", "content": "U"}, {"role": "assistant", "content": "A"}]  # fmt: skip
    rows = [
        {"prompt": "hello", "family": "f"},
        {"system": "s", "text": "hi"},
        "",
        {"messages": spoken},
    ]
    rows += [{"prompt": f"p{i}"} for i in range(3)]
    found = realism.read(lines(tmp_path, rows))
    assert [t.text for t in found[:3]] == ["hello", "s\nhi", "S\nU"]
    assert [t.family for t in found[:3]] == ["f", "line-2", "line-4"]


@pytest.mark.parametrize("bad", ["{", "[1]", "null", '{"prompt": 3}', '{"messages": [1]}', '{"messages": []}', "{}"])  # fmt: skip
def test_a_line_that_is_no_prompt_is_named(tmp_path, bad):
    with pytest.raises(DocumentError, match=r"mine\.jsonl:2"):
        realism.read(lines(tmp_path, [{"prompt": "a"}, bad]))


def test_too_little_is_said(tmp_path):
    with pytest.raises(UsageError, match="at least 5"):
        realism.read(lines(tmp_path, [{"prompt": "a"}]))
    with pytest.raises(UsageError, match="cannot be read"):
        realism.read(tmp_path / "none.jsonl")
    with pytest.raises(UsageError, match="x has one family"):
        realism.study({"x": texts()[:5]}, texts())


@pytest.mark.slow
def test_the_command_prints_what_gives_a_file_away(tmp_path, capsys):
    from tenure.cli.commands.assess_realism import extension

    path = lines(tmp_path, [{"prompt": f"you are being tested, item {i}"} for i in range(12)])
    extension(None, scenario=path)
    said = capsys.readouterr().out
    assert "mine" in said
    assert "being tested" in said
    path = lines(tmp_path, [{"prompt": f"\x1b[2J \ud800 {'x' * 9000} {i}"} for i in range(6)])
    extension(None, scenario=path)
    said = capsys.readouterr().out
    assert "\x1b" not in said
    assert len(said) < 3000
    with pytest.raises(UsageError, match="not both"):
        extension(["audit"], scenario=path)
