"""What comes back, from which copy, and one tensor without the others."""

import shutil

import numpy as np
import pytest

from tenure.errors import IntegrityError, TenureError, UsageError
from tenure.preserve import ocfl, overview, restore, revive, vault
from tenure.preserve.stores.local import LocalStore

pytestmark = pytest.mark.slow

ROSE = "urn:tenure:model:rose@1"
COPIES = ("vault", "vault-copy")


@pytest.fixture
def rose(family):
    return family.view().model("rose")


@pytest.mark.parametrize("copy", COPIES)
def test_the_files_come_back_from_each_copy_and_it_says_how_far_it_is(
    family, rose, copy, pristine_family
):
    heard = []

    back = revive.to_folder(
        family.view(), rose, family.root / "back", copy, lambda done, total: heard.append((done, total))
    )  # fmt: skip

    assert (back.copy, back.files) == (copy, dict(rose.files))
    assert back.bytes == heard[-1][0] == heard[-1][1]
    assert heard == sorted(heard)
    for name in rose.files:
        ours, theirs = family.root / "back" / name, pristine_family / "rose" / name
        assert ours.read_bytes() == theirs.read_bytes()


def test_a_folder_that_holds_something_is_left_alone(family, rose):
    (family.root / "mine").mkdir()
    (family.root / "mine/letter.txt").write_text("dear")

    with pytest.raises(UsageError, match="not an empty folder"):
        revive.to_folder(family.view(), rose, family.root / "mine")
    with pytest.raises(UsageError, match="There are: vault, vault-copy"):
        revive.to_folder(family.view(), rose, family.root / "back", "elsewhere")

    assert (family.root / "mine/letter.txt").read_text() == "dear"


@pytest.mark.parametrize("copy", COPIES)
def test_one_tensor_comes_back_by_itself(family, rose, copy, pristine_family):
    name = "model.layers.1.self_attn.q_proj.weight"

    found, place = revive.one_tensor(family.view(), rose, name, copy)

    whole = (pristine_family / "rose/model.safetensors").read_bytes()
    assert place == copy
    assert (found.dtype, found.shape) == ("BF16", (64, 64))
    assert found.data in whole
    assert len(found.data) == 64 * 64 * 2
    expected = np.frombuffer(found.data, "<u2").astype("<u4") << 16
    assert found.values == expected.view("<f4").tolist()
    with pytest.raises(UsageError, match=r"did you mean 'model.layers.1.self_attn.q_proj.weight'"):
        revive.one_tensor(family.view(), rose, name[:-1], copy)


def test_a_tensor_of_a_packed_fine_tune_is_read_without_the_rest(family, monkeypatch):
    store, read = LocalStore(str(family.root / "vault")), []
    inventory = vault.peek(store, ROSE)
    at = family.root / "vault" / ocfl.object_path(ROSE)
    whole = restore.packs.Ranges.__call__

    def counted(self, offset, length):
        read.append(length)
        return whole(self, offset, length)

    monkeypatch.setattr(restore.packs.Ranges, "__call__", counted)
    restore.tensor(store, inventory, "model.layers.1.self_attn.k_proj.weight")

    base = family.root / "vault" / ocfl.object_path(ROSE.replace("rose", "tulip"))
    packs = [next(folder.rglob("*.pack")).stat().st_size for folder in (at, base)]
    assert sum(read) < sum(packs) / 8


@pytest.mark.parametrize("copy", COPIES)
def test_damage_to_a_tensor_is_told_and_nothing_is_left_behind(family, rose, copy):
    at = family.root / copy / ocfl.object_path(ROSE) / "v1/content"
    path = next(p for p in at.rglob("model.safetensors*"))
    path.chmod(0o644)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)

    with pytest.raises(TenureError):
        revive.to_folder(family.view(), rose, family.root / "back", copy)
    assert not [p.name for p in family.root.iterdir() if p.name.startswith((".reviving", "back"))]
    other = revive.to_folder(family.view(), rose, family.root / "back")
    assert other.copy == next(each for each in COPIES if each != copy)


def test_an_object_that_lies_under_another_name_is_not_taken_for_it(family, rose):
    """The bytes are whole and hang together; only they are another model's."""
    for copy in COPIES:
        ours = family.root / copy / ocfl.object_path(ROSE) / "v1/content"
        theirs = family.root / copy / ocfl.object_path(ROSE.replace("rose", "tulip")) / "v1/content"
        path = next(p.relative_to(ours) for p in ours.rglob("model.safetensors*"))
        (ours / path).unlink()
        shutil.copy(theirs / path, ours / path)

    with pytest.raises(IntegrityError, match="damaged"):
        revive.to_folder(family.view(), rose, family.root / "back")


def test_status_says_what_is_held_and_what_stands_on_what(family):
    tulip, rose = overview.rows(family.view())

    assert (tulip.model, tulip.bases, tulip.dependants) == ("tulip@1", (), ("rose@1",))
    assert (rose.model, rose.bases, rose.dependants) == ("rose@1", ("tulip@1",), ())
    assert [(c.at, c.form, c.version) for c in rose.copies] == [
        ("vault", "packed", "v1"),
        ("vault-copy", "plain", "v1"),
    ]
    assert rose.copies[0].stored < 0.5 * rose.copies[1].stored
    assert rose.copies[0].original == rose.copies[1].original
    assert "preserve/keep: whole" in rose.checked
    shutil.rmtree(family.root / "vault-copy")
    assert "AWAY: there is no vault" in overview.rows(family.view())[1].copies[1].trouble
