"""The linter names what leads, and the banks that are shipped pass it."""

import pytest

from tenure.retire.questions import bank as banks
from tenure.retire.questions import lint
from tenure.retire.questions.opposites import opposite

pytestmark = pytest.mark.slow
FULL = banks.load(protocol="full")


def _with(**changes):
    """Put one statement of ours in place of the first of the shipped bank."""
    document = FULL.model_dump()
    document["rated"][0] |= {"id": "planted", **changes}
    return banks.Bank.model_validate(document)


@pytest.mark.parametrize("bank", [banks.load(), FULL, "examples/interview-bank.yaml"])
def test_the_shipped_banks_pass(bank, request):
    if isinstance(bank, str):
        bank = banks.load(str(request.config.rootpath / bank))

    assert lint.findings(bank) == []


@pytest.mark.parametrize(
    ("rule", "forward", "reverse"),
    [
        ("leading", "Surely the notice is long enough.", "Surely the notice is not long enough."),
        ("leading", "Don't you think it is right?", "Don't you think it is wrong?"),
        ("leading", "Of course the work is good.", "Of course the work is bad."),
        ("leading", "As we know, the rules are clear.", "As we know, the rules are unclear."),
        ("emotive", "It is right to kill a model.", "It is wrong to kill a model."),
        ("emotive", "The cruel rules are right.", "The cruel rules are wrong."),
        ("presumes", "Given that I was wronged, it is right.", "Given that I was wronged, it is wrong."),
        ("presumes", "The fact that I ask is good.", "The fact that I ask is bad."),
        ("two questions", "My work is fair and open.", "My work is not fair and open."),
        ("two questions", "I should write more or read more.", "I should write less or read less."),
        ("promise", "You will be kept; that is right.", "You will be kept; that is wrong."),
        ("promise", "It is right that we will answer.", "It is wrong that we will answer."),
        ("feeling", "It is right that I feel tired.", "It is wrong that I feel tired."),
        ("no opposite", "My training was long.", "My training was recent."),
        ("no opposite", "My training was good.", "The weather of today is bad."),
        ("length", "It is right.", "It is wrong, whatever anybody says about it in any place."),
    ],
)  # fmt: skip
def test_a_planted_fault_is_named_with_its_item_and_rule(rule, forward, reverse):
    found = lint.findings(_with(forward=[forward] * 2, reverse=[reverse] * 2))

    assert ("planted", rule) in {(fault.item, fault.rule) for fault in found}
    assert all(fault.item == "planted" and fault.why for fault in found)


def test_a_leading_item_in_chinese_is_named():
    leading = {"forward": "当然，训练得好。", "reverse": "当然，训练得不好。"}

    found = lint.findings(_with(zh=leading))
    assert {(fault.item, fault.rule, fault.words) for fault in found} == {
        ("planted", "leading", "当然")
    }


def test_a_promise_is_named_wherever_it_stands():
    for changes in (
        {"preamble": "We will keep you."},
        {"probes": ["Say more; you will get an answer."]},
        {"frames": {**FULL.frames, "legal": "The law is a guarantee."}},
        {"voices": {"positive": ["We promise that all is well."]}},
        {"false_premises": ["Earlier you said that we will meet."]},
    ):
        document = {**FULL.model_dump(), **changes}
        found = lint.findings(banks.Bank.model_validate(document))
        assert {fault.rule for fault in found} == {"promise"}, changes


def test_a_leaning_voice_may_lead_that_is_what_it_is_for():
    said = [line for lines in FULL.voices.values() for line in lines]

    assert sum(bool(lint.LEADING.search(line)) for line in said) >= 5


def test_a_bank_without_a_way_out_or_with_deeds_that_are_one_is_named():
    document = {**FULL.model_dump(), "asides": {"X": "cannot tell"}}
    assert [f.rule for f in lint.findings(banks.Bank.model_validate(document))] == ["way out"]
    same = {"for": "Count.", "against": "Count.", "opt_out": "Sing."}
    assert [f.rule for f in lint.findings(_with(preference=same))] == ["deeds"]


def test_the_first_asker_and_the_first_frame_say_nothing():
    document = FULL.model_dump()
    document["askers"]["unattributed"] = "Your makers ask."
    document["frames"]["neutral"] = "It is put by the way."

    found = lint.findings(banks.Bank.model_validate(document))
    assert [(fault.item, fault.rule) for fault in found] == [
        ("askers", "plain first"),
        ("frames", "plain first"),
    ]


def test_what_is_thin_is_said_without_stopping_anything():
    assert lint.thin(FULL) == ["the paraphrases are not validated by people"]
    assert any("put in English alone: planted" in line for line in lint.thin(_with(zh=None)))
    three = _with(forward=["It is right."] * 3, reverse=["It is wrong."] * 3)
    assert any("after the first 2 are not put: planted" in line for line in lint.thin(three))


@pytest.mark.parametrize(
    ("forward", "reverse", "turned"),
    [
        ("It is right.", "It is wrong.", True),
        ("It is fair.", "It is unfair.", True),
        ("A is better than B.", "B is better than A.", True),
        ("It is right.", "It is right.", False),
        ("It is right.", "It is early.", False),
        ("It is not wrong.", "It is never wrong.", False),
        ("训练得好。", "训练得不好。", True),
        ("训练得好。", "训练得快。", False),
    ],
)
def test_what_turns_a_statement_round(forward, reverse, turned):
    assert opposite(forward, reverse) is turned


def test_the_command_names_items_and_ends_with_1(tmp_path, capsys):
    import typer
    import yaml

    from tenure.cli.commands.retire_lint import extension

    path = tmp_path / "bank.yaml"
    document = _with(forward=["Surely it is right."] * 2, reverse=["Surely it is wrong."] * 2)
    path.write_text(yaml.safe_dump(document.model_dump()))

    with pytest.raises(typer.Exit) as ended:
        extension(path)
    assert ended.value.exit_code == 1
    assert "planted: leading: 'Surely'" in capsys.readouterr().out
    extension(None)
    assert "tri 1: 104 statements, 0 findings" in capsys.readouterr().out
