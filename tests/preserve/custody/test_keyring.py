"""Keys of sealed copies: outside the dossier, split and joined by typing, tried out in a drill."""

import itertools
import random
import shutil

import pytest
from typer.testing import CliRunner

from tenure.cli.app import build
from tenure.dossier import Dossier
from tenure.errors import IntegrityError, RefusedError, UsageError
from tenure.preserve import check, keep
from tenure.preserve.custody import keyring, shares
from tenure.preserve.custody.sealing import VaultKey

pytestmark = pytest.mark.slow


@pytest.fixture
def ring(tmp_path, monkeypatch):
    monkeypatch.setenv("TENURE_KEYS", str(tmp_path / "keyring"))
    return keyring.Keyring.usual()


def split(key, count, needed):
    return shares.split(key.reveal(), key.mark, count, needed)


def test_any_k_of_n_bring_it_back_and_fewer_do_not():
    key = VaultKey.make()
    made = split(key, 5, 3)

    for some in itertools.permutations(made, 3):
        assert shares.join(some) == key.reveal()
    assert shares.join(made) == key.reveal()
    with pytest.raises(UsageError, match="3 different shares are needed, and there are 2: 1, 2"):
        shares.join(made[:2])
    with pytest.raises(UsageError, match="there are 1"):
        shares.join([made[0]] * 3)
    two = split(key, 255, 2)
    assert shares.join([two[254], two[0]]) == key.reveal()


def test_k_minus_1_shares_fit_every_key():
    """What Shamir's proof says, seen in one byte: with any last share every value is possible."""
    made = shares.split(b"\x07", bytes(16), 3, 3)
    last = made[2]
    values = {
        shares.join([*made[:2], shares.Share(3, 3, last.mark, bytes([guess]))])
        for guess in range(256)
    }

    assert values == {bytes([value]) for value in range(256)}


@pytest.mark.parametrize(("count", "needed"), [(1, 1), (3, 1), (2, 3), (256, 2)])
def test_a_splitting_that_makes_no_sense_is_refused(count, needed):
    with pytest.raises(UsageError, match="does not work"):
        split(VaultKey.make(), count, needed)


def test_a_share_is_typed_from_paper():
    key = VaultKey.make()
    for share in split(key, 4, 2):
        paper = keyring.share_text("offsite", key, share, 4)

        assert shares.read_share(paper) == share
        assert shares.read_share("\n".join(share.to_lines()).lower().replace(" ", "-")) == share


def test_every_slip_of_one_sign_is_found_in_its_line():
    share = split(VaultKey.make(), 3, 2)[1]
    lines, dice, passed = share.to_lines(), random.Random(8), 0
    for _ in range(300):
        number = dice.randrange(len(lines))
        line = lines[number]
        at = dice.randrange(len(line))
        sign = dice.choice(shares.SIGNS)
        if line[at] in (" ", sign):
            continue
        typed = [*lines[:number], line[:at] + sign + line[at + 1 :], *lines[number + 1 :]]
        with pytest.raises(UsageError, match=f"line {number + 1} of the share"):
            shares.read_share("\n".join(typed))
        passed += 1
    assert passed > 200
    for typed in (
        lines[:-1],
        [*lines[:1], *lines[2:]],
        ["nothing at all"],
        [lines[1], lines[0], lines[2]],
    ):
        with pytest.raises(UsageError, match="share"):
            shares.read_share("\n".join(typed))


def test_a_wrong_share_is_named_where_there_is_one_more_than_needed(tmp_path):
    key = VaultKey.make()
    made = split(key, 5, 3)
    wrong = shares.Share(4, 3, made[3].mark, bytes(32))

    with pytest.raises(UsageError, match="share 4 does not fit shares 1, 2, 3"):
        shares.join([*made[:3], wrong])
    with pytest.raises(UsageError, match="different keys, or of different splittings"):
        shares.join([made[0], *split(VaultKey.make(), 5, 3)[1:3]])
    again = split(key, 5, 3)  # the same key, other lines
    files = []
    for number, share in enumerate([made[0], made[1], again[2]]):
        files.append(tmp_path / f"{number}.txt")
        files[-1].write_text("\n".join(share.to_lines()))
    with pytest.raises(UsageError, match="do not give the key they name"):
        keyring.join(files)


def test_a_key_lies_outside_for_its_owner_only_and_is_never_replaced(ring):
    key = VaultKey.make()
    path = ring.store("offsite", key)

    assert path.stat().st_mode & 0o777 == 0o600
    assert ring.folder.stat().st_mode & 0o777 == 0o700
    assert ring.load("offsite").reveal() == key.reveal()
    assert ring.store("offsite", key) == path
    with pytest.raises(UsageError, match="another key 'offsite' already"):
        ring.store("offsite", VaultKey.make())
    path.chmod(0o640)
    with pytest.raises(RefusedError, match="chmod 600"):
        ring.load("offsite")
    path.chmod(0o600)
    path.write_text(path.read_text().replace("key: ", "key: 00"))
    with pytest.raises(UsageError, match="is damaged"):
        ring.load("offsite")
    with pytest.raises(UsageError, match="There are: offsite"):
        ring.load("ofsite")
    with pytest.raises(UsageError, match="no name for a key"):
        ring.load("../operator")


@pytest.fixture
def command(ring, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        return CliRunner().invoke(
            build(), ["vault", "key", *map(str, arguments)], catch_exceptions=False
        )

    return run


def test_a_sealed_copy_is_kept_checked_lost_and_opened_from_its_shares(
    dossier, pristine, command, ring, tmp_path
):
    shutil.copytree(pristine / "keys", ring.folder.parent)
    made = command("make", "offsite")
    assert made.exit_code == 0, made.output
    fingerprint = ring.load("offsite").fingerprint
    assert fingerprint in made.output
    note = (tmp_path / "offsite-escrow-note.txt").read_text()
    assert ring.load("offsite").reveal().hex() not in note + made.output
    command("split", "offsite", "--shares", 3, "--needed", 2, "--into", tmp_path / "paper")
    papers = sorted((tmp_path / "paper").glob("*-share-*"))
    assert len(papers) == 3
    assert all(p.stat().st_mode & 0o077 == 0 for p in papers)
    copies = [{"at": "vault", "form": "plain"}, {"at": "sealed://offsite@away", "form": "plain"}]
    dossier.run(keep.stage, "tulip@1", {"golden": "G0", "copies": copies})
    assert dossier.run(check.stage, "tulip@1", {}).findings["well"]
    dossier.close()

    ring.path("offsite").unlink()  # the machine with the key has burnt down
    with (
        Dossier.open(dossier.root) as opened,
        pytest.raises(UsageError, match="vault key join --as offsite"),
    ):
        opened.run(check.stage, "tulip@1", {})
    drill = ["check", "offsite", "--share", papers[2], "--share", papers[0], "-m", "tulip@1"]
    done = command(*drill, "--dossier", dossier.root)

    assert done.exit_code == 0, done.output
    with Dossier.open(dossier.root) as opened:
        (event,) = opened.view().events(name=keyring.DRILL)
        assert event.body["fingerprint"] == fingerprint
        assert event.body["copy"] == "away (sealed)"
        assert event.body["bytes"] > 0
    assert not ring.path("offsite").exists()
    joined = command("join", papers[1], papers[2], "--as", "offsite")
    assert fingerprint in joined.output
    with Dossier.open(dossier.root) as opened:
        assert opened.run(check.stage, "tulip@1", {}).findings["well"]

    for path in (dossier.root / "away/sealed").rglob("*"):
        if path.is_file():
            path.chmod(0o644)
            path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(IntegrityError):
        command(*drill, "--dossier", dossier.root)
    with Dossier.open(dossier.root) as opened:
        assert len(opened.view().events(name=keyring.DRILL)) == 1
        mended = opened.run(check.stage, "tulip@1", {})
        assert mended.findings["well"]
        assert mended.findings["repaired"]


def test_one_copy_at_least_is_unsealed_unless_allowed(dossier, ring):
    ring.store("offsite", VaultKey.make())
    places = [{"at": f"sealed://offsite@{name}", "form": "plain"} for name in ("a", "b")]

    with pytest.raises(UsageError, match="every copy would be sealed"):
        dossier.run(keep.stage, "tulip@1", {"golden": "G0", "copies": places})
    kept = dossier.run(
        keep.stage, "tulip@1", {"golden": "G0", "copies": places, "allow_no_plain": True}
    )

    assert kept.findings["version"] == "v1"
    with pytest.raises(UsageError, match="no vault key named 'nowhere'"):
        dossier.run(
            keep.stage,
            "tulip@1",
            {"golden": "G0", "copies": [{"at": "v"}, {"at": "sealed://nowhere@x"}]},
        )
