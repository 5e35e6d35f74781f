"""The tree against RFC 6962's published test vectors and a naive implementation."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenure.dossier.merkle import (
    EMPTY,
    Frontier,
    Tree,
    leaf_hash,
    node_hash,
    root,
    root_from_inclusion,
    roots_from_consistency,
)
from tenure.errors import IntegrityError

# The eight entries and roots that Certificate Transparency implementations test themselves with.
ENTRIES = [
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def naive(leaves):
    """MTH of RFC 6962, section 2.1, word for word."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return node_hash(naive(leaves[:k]), naive(leaves[k:]))


def leaves_of(size):
    return [leaf_hash(str(i).encode()) for i in range(size)]


@pytest.mark.parametrize("size", range(1, 9))
def test_the_published_roots_come_out(size):
    leaves = [leaf_hash(bytes.fromhex(e)) for e in ENTRIES[:size]]

    assert root(leaves).hex() == ROOTS[size - 1]
    assert Tree(leaves).root().hex() == ROOTS[size - 1]


def test_the_published_inclusion_proof_comes_out():
    tree = Tree([leaf_hash(bytes.fromhex(e)) for e in ENTRIES])

    proof = [h.hex() for h in tree.inclusion(5)]

    assert proof == [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]


def test_the_empty_tree_is_the_hash_of_nothing():
    assert root([]) == Tree([]).root() == EMPTY == hashlib.sha256(b"").digest()


@given(st.integers(0, 70))
def test_every_way_to_a_root_is_the_naive_one(size):
    leaves = leaves_of(size)

    assert root(leaves) == Tree(leaves).root() == naive(leaves)


@given(st.integers(1, 70), st.data())
def test_an_inclusion_proof_leads_to_the_root_and_no_other_place(size, data):
    index, other = data.draw(st.integers(0, size - 1)), data.draw(st.integers(0, size - 1))
    leaves = leaves_of(size)
    proof = Tree(leaves).inclusion(index)

    assert root_from_inclusion(leaves[index], index, size, proof) == naive(leaves)
    if other != index:
        try:
            found = root_from_inclusion(leaves[index], other, size, proof)
        except IntegrityError:
            return
        assert found != naive(leaves)


@given(st.integers(1, 70), st.data())
def test_a_consistency_proof_leads_to_both_roots(size, data):
    old = data.draw(st.integers(1, size))
    leaves = leaves_of(size)
    tree = Tree(leaves)

    found = roots_from_consistency(old, size, tree.root(old), tree.consistency(old))

    assert found == (naive(leaves[:old]), naive(leaves))


@given(st.integers(2, 40), st.data())
def test_a_consistency_proof_is_refused_for_another_past(size, data):
    old = data.draw(st.integers(1, size - 1))
    changed = data.draw(st.integers(0, old - 1))
    leaves = leaves_of(size)
    now, proof = Tree(leaves).root(), Tree(leaves).consistency(old)
    leaves[changed] = leaf_hash(b"another past")
    another_past = root(leaves[:old])

    assert roots_from_consistency(old, size, another_past, proof) != (another_past, now)


@given(st.integers(0, 40), st.integers(0, 40))
def test_a_frontier_goes_on_where_another_left_off(before, after):
    leaves = leaves_of(before + after)
    first = Frontier()
    for leaf in leaves[:before]:
        first.add(leaf)

    second = Frontier(first.size, first.hashes)
    for leaf in leaves[before:]:
        second.add(leaf)

    assert second.root() == naive(leaves)


def test_proofs_of_the_wrong_length_are_refused():
    leaves = leaves_of(6)
    proof = Tree(leaves).inclusion(2)

    for wrong in (proof[:-1], [*proof, proof[0]]):
        with pytest.raises(IntegrityError):
            root_from_inclusion(leaves[2], 2, 6, wrong)
    with pytest.raises(IntegrityError):
        Frontier(3, [leaves[0]])
    with pytest.raises(IntegrityError):
        Tree(leaves).inclusion(6)
