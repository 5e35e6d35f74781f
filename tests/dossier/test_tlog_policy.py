"""Which witnesses must have signed: the example of C2SP tlog-policy, and what is refused."""

import pytest

from tenure.dossier.cosignature import Vkey
from tenure.dossier.tlog_policy import parse_policy
from tenure.errors import DocumentError


def witnesses(count):
    """Keys of witnesses, each with a public key of its own."""
    return [Vkey(f"w{n}.example", b"\x04", bytes([n]) * 32) for n in range(count)]


def test_the_example_policy_of_the_specification_asks_for_two_and_one():
    keys = witnesses(6)
    names = ["X1", "X2", "X3", "Y1", "Y2", "Y3"]
    lines = [f"witness {name} {key}" for name, key in zip(names, keys, strict=True)]
    text = "\n".join(
        ["# two levels", *lines, "group X-witnesses\t2 X1 X2 X3", "  group Y-witnesses any Y1 Y2 Y3",
         "", "group X-and-Y all X-witnesses Y-witnesses", "quorum X-and-Y", ""]
    )  # fmt: skip
    policy = parse_policy(text.encode())

    assert policy.met({keys[0], keys[1], keys[3]})
    assert not policy.met({keys[0], keys[1], keys[2]})
    assert not policy.met({keys[0], keys[3], keys[4], keys[5]})


@pytest.mark.parametrize(
    ("lines", "needle"),
    [
        (["quorum none", "quorum none"], "policy:2"),
        (["quorum w"], "a line above"),
        (["witness w K0"], "quorum"),
        (["witness w K0", "witness w K1", "quorum w"], "taken"),
        (["witness w K0", "witness v K0", "quorum w"], "already"),
        (["witness none K0", "quorum none"], "taken"),
        (["witness w K0", "group g 2 w", "quorum g"], "1 to 1"),
        (["witness w K0", "group g -1 w", "quorum g"], "1 to 1"),
        (["witness w K0", "group g 01 w", "quorum g"], "1 to 1"),
        (["witness w K0", "group g any w", "group h any w", "quorum g"], "counts only once"),
        (["witness w K0", "group g any", "quorum g"], "MEMBER"),
        (["log K0", "quorum none"], "0x01"),
        (["witness w example+00000000+AAAA", "quorum w"], "kind 0x00"),
        (["witness w hello", "quorum w"], "verifier key"),
        (["hello", "quorum none"], "expected one of"),
        (["quorum none\r"], "control character"),
    ],
)
def test_a_policy_that_is_none_is_refused_with_its_line(lines, needle):
    keys = witnesses(2)
    text = "\n".join(lines)
    for number, key in enumerate(keys):
        text = text.replace(f"K{number}", str(key))

    with pytest.raises(DocumentError, match=needle):
        parse_policy(text.encode(), "policy")
