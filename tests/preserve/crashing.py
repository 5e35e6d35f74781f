"""Work on a vault that is interrupted at any moment, and what must hold afterwards.

Run by ``python crashing.py NAME FOLDER`` (under strace), forked and killed, or called.
"""

import contextlib
import importlib.util
import io
import shutil
import sys
from functools import cache
from pathlib import Path

from tenure.errors import IntegrityError
from tenure.preserve import copies, fixity, ocfl, vault
from tenure.preserve.parity import encoding
from tenure.preserve.stores.local import LocalStore

ID = "urn:tenure:model:tulip@1"
OTHER = "urn:tenure:model:rose@1"


def noise(size, seed):
    """Bytes that no two blocks share; the same every time."""
    return bytes((i * 167 + (i >> 8) * 59 + seed * 101) & 255 for i in range(size))


FIRST = {
    "original/weights": noise(30_000, 1),
    "original/config.json": b"{}\n",
    "model.json": b"{1}",
}
SECOND = {"report/page.html": b"<p>farewell</p>" * 300, "model.json": b"{2}\n"}
WHOLE = {"v1": FIRST, "v2": {**FIRST, **SECOND}}


def store(folder, name="vault"):
    """Open a copy."""
    return LocalStore(str(Path(folder) / name))


def commit(folder, version, object_id=ID):
    """Commit a version with its parity."""
    files = FIRST if version == "v1" else SECOND
    scratch = Path(folder).parent / f"{Path(folder).name}.scratch"
    encoding.make(files, scratch, version=version)
    files = {**files, encoding.path_of(version): scratch.read_bytes()}
    scratch.unlink()
    addition = vault.Addition(files=files, message=version, created="2026-11-21T00:00:00Z")
    return vault.commit(store(folder), object_id, addition)


def bring(folder):
    """Make the copy what it must be."""
    first, second = store(folder), store(folder, "copy")
    return copies.bring(second, [first], fixity.plan([second, first], ID, signed(folder)))


def signed(folder):
    """What a dossier would have signed of the vault: here it is whole."""
    return fixity.plan([store(folder)], ID).signed


class Scenario:
    """A beginning, the work, and which copy it is done to."""

    versions = ("v1", "v2")
    copy = "vault"

    def begin(self, folder):
        """Lay out what is there before."""
        folder.mkdir(parents=True)

    def work(self, folder):
        """Do the work; to be interrupted and done again."""

    def promised(self):
        """Name the versions that must be there whatever happens, and the one after the work."""
        return (), "v1"


class First(Scenario):
    """A first ingest into a folder that is not there yet."""

    def work(self, folder):
        commit(folder, "v1")


class Second(Scenario):
    """A second version beside a first, in a vault that holds another object too."""

    def begin(self, folder):
        super().begin(folder)
        commit(folder, "v1", OTHER)
        commit(folder, "v1")

    def work(self, folder):
        commit(folder, "v2")

    def promised(self):
        return ("v1",), "v2"


class Replicate(Scenario):
    """A copy that is made new."""

    copy = "copy"

    def begin(self, folder):
        super().begin(folder)
        commit(folder, "v1")
        commit(folder, "v2")

    def work(self, folder):
        bring(folder)

    def promised(self):
        return (), "v2"


class Behind(Replicate):
    """A copy that is a version behind."""

    def begin(self, folder):
        Scenario.begin(self, folder)
        commit(folder, "v1")
        shutil.copytree(folder / "vault", folder / "copy")
        commit(folder, "v2")

    def promised(self):
        return ("v1",), "v2"


class Repair(Replicate):
    """A copy with a file damaged in every class, one gone, one foreign."""

    hurt = ("original/weights", "v1.parity", "page.html", "v1/inventory.json", "0=ocfl_object_1.1",
            "2/inventory.json.sha512", "read_vault.py")  # fmt: skip

    def begin(self, folder):
        super().begin(folder)
        shutil.copytree(folder / "vault", folder / "copy")
        for path in sorted((folder / "copy").rglob("*")):
            if path.is_file() and path.as_posix().endswith(self.hurt):
                path.chmod(0o644)
                path.write_bytes(path.read_bytes()[:-1] + b"?")
        next((folder / "copy").rglob("config.json")).unlink()
        (folder / "copy" / ocfl.object_path(ID) / "v1/content/foreign").write_bytes(b"mine")


SCENARIOS = {
    "ingest, first": First(), "ingest, second": Second(), "replicate, new": Replicate(),
    "replicate, behind": Behind(), "repair": Repair(),
}  # fmt: skip


@cache
def reader():
    """Load the stand-alone reader."""
    place = Path(vault.__file__).parent / "in_vault/read_vault.py"
    spec = importlib.util.spec_from_file_location("read_vault_alone", place)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def content(folder, copy, object_id=ID):
    """Restore what is visible by the vault's own code: version and files, or None for nothing."""
    place = store(folder, copy)
    found = vault.read(place, object_id)
    if found is None:
        return None
    back = Path(folder).parent / f"{Path(folder).name}.back"
    shutil.rmtree(back, ignore_errors=True)
    vault.restore(place, found[0], back)
    files = {p.relative_to(back).as_posix(): p.read_bytes() for p in back.rglob("*") if p.is_file()}
    shutil.rmtree(back)
    return found[0].head, {k: v for k, v in files.items() if not k.startswith("parity/")}


def content_alone(folder, copy, object_id=ID):
    """The same by the stand-alone reader."""
    back = Path(folder).parent / f"{Path(folder).name}.alone"
    shutil.rmtree(back, ignore_errors=True)
    with contextlib.redirect_stdout(io.StringIO()) as said:
        code = reader().main(["--vault", str(Path(folder) / copy), "restore", object_id, str(back)])
    if code:
        return None, said.getvalue()
    files = {p.relative_to(back).as_posix(): p.read_bytes() for p in back.rglob("*") if p.is_file()}
    shutil.rmtree(back)
    head = said.getvalue().split(":")[3].split()[1]
    return head, {k: v for k, v in files.items() if not k.startswith("parity/")}


def hold_interrupted(scenario, folder, *, acknowledged=False):
    """What must hold of what an interruption left, before anything is run again."""
    earlier, after = scenario.promised()
    if isinstance(scenario, Repair):
        return _nothing_good_is_lost(scenario, folder, acknowledged)
    found = content(folder, scenario.copy)
    if acknowledged:
        assert found is not None, "acknowledged and gone"
        assert found[0] == after, f"acknowledged {after}, found {found[0]}"
    if found is None:
        assert not earlier, "a committed object is lost"
        return None
    head, files = found
    assert head in WHOLE  # a new copy may show an older version first, whole
    assert head >= max(earlier, default="v1"), "a committed version is lost"
    assert files == WHOLE[head], "half a version is visible"
    alone = content_alone(folder, scenario.copy)
    assert alone == found, f"the stand-alone reader sees something else: {alone}"
    if isinstance(scenario, Second):
        assert content(folder, "vault", OTHER) == ("v1", FIRST)
    return None


def _nothing_good_is_lost(scenario, folder, acknowledged):
    """A repair interrupted leaves every file right or as it was; whole, once it was acknowledged."""
    wanted = fixity.plan([store(folder)], ID)
    faults = {f.key for f in fixity.check(store(folder, "copy"), wanted).faults}
    if acknowledged:
        assert not faults, f"acknowledged, and not repaired: {faults}"
    may = (*scenario.hurt, "config.json", "foreign")
    worse = {key for key in faults if not key.endswith(may)}
    assert not worse, f"files that were good are not: {worse}"
    gone = {f for f in faults if not (folder / "copy" / f).exists() and "config.json" not in f}
    assert not gone, f"damaged files went before good ones were there: {gone}"


def hold_again(scenario, folder, *, other_validator=False):
    """The same command goes on to the same end, and every validator agrees."""
    scenario.work(folder)
    _, after = scenario.promised()
    assert content(folder, scenario.copy) == (after, WHOLE[after])
    for copy in {"vault", scenario.copy}:
        place = store(folder, copy)
        health = fixity.check(place, fixity.plan([place], ID))
        assert health.well, health.faults
        with contextlib.redirect_stdout(io.StringIO()) as said:
            assert reader().main(["--vault", str(folder / copy), "check"]) == 0, said.getvalue()
        if other_validator:
            _valid_by_ocfl_py(folder / copy)


def _valid_by_ocfl_py(place):
    from ocfl import StorageRoot

    root = StorageRoot(root=str(place))
    assert root.validate(log_warnings=False), root.log.status_str()
    assert root.num_objects == root.good_objects >= 1, root.errors


def holds(scenario, folder, *, acknowledged=False, other_validator=False):
    """Both of the above; returns what was wrong, or an empty text."""
    try:
        hold_interrupted(scenario, folder, acknowledged=acknowledged)
        hold_again(scenario, folder, other_validator=other_validator)
    except (AssertionError, IntegrityError, OSError) as error:
        return f"{type(error).__name__}: {error}"
    return ""


if __name__ == "__main__":
    SCENARIOS[sys.argv[1]].work(Path(sys.argv[2]))
