"""Several dossiers keep one model with one service: what one has signed, no other undoes."""

import shutil
import subprocess
import sys

import pytest
from ocfl import StorageRoot

from tenure import models
from tenure.dossier import Dossier
from tenure.errors import IntegrityError
from tenure.models import tiny
from tenure.preserve import check, keep, ocfl, places, revive, scrub, vault
from tenure.preserve.custody import keyring
from tenure.preserve.custody.sealing import VaultKey

pytestmark = pytest.mark.slow

URN = "urn:tenure:model:tulip@1"
AT = ocfl.object_path(URN)

KEEPER = """
import sys
from tenure import models
from tenure.dossier import Dossier
from tenure.errors import TenureError
from tenure.preserve import keep
folder, model, first, second = sys.argv[1:]
with Dossier.open(folder) as dossier:
    models.register(dossier, model)
    print("ready", flush=True)
    sys.stdin.readline()
    asked = [{"at": first, "form": "packed"}, {"at": second, "form": "plain"}]
    try:
        dossier.run(keep.stage, model.rpartition("/")[2] + "@1", {"golden": "G0", "copies": asked})
    except TenureError as error:
        print(f"{type(error).__name__}: {error}", flush=True)
        sys.exit(9)
"""


class Site:
    """Dossiers in one folder, and two copies with the service (or one with it, and a folder)."""

    def __init__(self, folder, kind, endpoint):
        self.folder = folder
        far = f"s3://vaults/{folder.name}/{{}}?endpoint={endpoint}"
        kinds = {
            "s3": (far.format("vault"), far.format("copy")),
            "sealed and s3": (f"sealed://offsite@{far.format('vault')}", far.format("copy")),
            "s3 and a folder": (far.format("vault"), str(folder / "copy")),
        }
        self.places = kinds[kind]

    def asked(self, *places):
        first, second = places or self.places
        return [{"at": first, "form": "packed"}, {"at": second, "form": "plain"}]

    def opened(self, number):
        return Dossier.open(self.folder / f"dossier-{number}")

    def keep(self, number, name="tulip", *places, **more):
        spec = {"golden": "G0", "copies": self.asked(*places), **more}
        with self.opened(number) as dossier:
            models.register(dossier, str(self.folder / name))
            return dossier.run(keep.stage, f"{name}@1", spec)

    def check(self, number, name="tulip", **spec):
        with self.opened(number) as dossier:
            return dossier.run(check.stage, f"{name}@1", spec).findings

    def stores(self):
        return [places.open_store(self.folder, at) for at in self.places]

    def set_aside(self):
        return [key for store in self.stores() for key in store.list() if "set-aside" in key]

    def valid(self, count):
        for number, store in enumerate(self.stores()):
            root = self.folder / f"down-{number}"
            shutil.rmtree(root, ignore_errors=True)
            for key in store.list():
                if not key.startswith("extensions/tenure-lock"):
                    (root / key).parent.mkdir(parents=True, exist_ok=True)
                    with store.open(key) as source:
                        (root / key).write_bytes(source.read())
            storage = StorageRoot(root=str(root))
            assert storage.validate(log_warnings=False), storage.log.status_str()
            assert storage.good_objects == count


@pytest.fixture(params=["s3"])
def site(request, tmp_path, endpoint, monkeypatch):
    monkeypatch.setenv("TENURE_KEYS", str(tmp_path / "keys"))
    keyring.Keyring.usual().store("offsite", VaultKey.make())
    tiny.make(tmp_path / "tulip")
    return Site(tmp_path, request.param, endpoint)


OTHERS, SAME = ("tulip", "rose", "aster"), ("tulip", "tulip", "tulip")


@pytest.mark.parametrize(
    ("site", "names"),
    [
        ("s3", OTHERS),
        pytest.param("s3 and a folder", SAME, marks=pytest.mark.life),
        pytest.param("s3", SAME, marks=pytest.mark.life),
        pytest.param("s3 and a folder", OTHERS, marks=pytest.mark.life),
        pytest.param("sealed and s3", OTHERS, marks=pytest.mark.life),
        pytest.param("sealed and s3", SAME, marks=pytest.mark.life),
    ],
    indirect=["site"],
)
def test_writers_at_once_leave_a_valid_vault_with_all_that_was_acknowledged(site, names):
    for name in set(names) - {"tulip"}:
        shutil.copytree(site.folder / "tulip", site.folder / name)

    running = []
    for number, name in enumerate(names):
        command = [sys.executable, "-c", KEEPER, site.folder / f"dossier-{number}"]
        command += [site.folder / name, *site.places]
        pipe = subprocess.PIPE
        running.append(subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True))
    for each in running:
        assert each.stdout.readline() == "ready\n"
    for each in running:
        each.stdin.write("go\n")
        each.stdin.flush()
    said = [each.communicate(timeout=120)[0] for each in running]
    ends = [each.returncode for each in running]

    assert set(ends) <= {0, 9}, said
    assert 0 in ends
    if len(set(names)) == len(names):
        assert ends == [0] * len(names), said
    assert not site.set_aside()
    site.valid(len(set(names)))
    for number, name in enumerate(names):
        if ends[number] == 0:
            with site.opened(number) as dossier:
                into = site.folder / f"back-{number}"
                revive.to_folder(dossier.view(), dossier.view().model(name), into, site.places[0])
                assert dossier.run(check.stage, f"{name}@1", {"repair": False}).findings["well"]


@pytest.fixture
def two(site):
    """One dossier keeps a model; another keeps it too, in the same copies, and adds a file."""
    site.keep(0)
    with site.opened(1) as dossier:
        said = dossier.files.put(b"a report\n")
    assert site.keep(1, add={"reports/one.txt": said}).findings["version"] == "v2"
    return site


def test_a_version_of_another_dossier_is_let_be_mended_below_and_gone_on_from(two):
    for repair in (False, True):
        found = two.check(0, repair=repair)
        assert (found["well"], found["faults"]) == (True, [])
        assert set(found["beyond"].values()) == {"v2"}
    with two.opened(0) as dossier:
        read = dossier.run(scrub.stage, "tulip@1", {})
        said = dossier.files.put(b"another report\n")
    assert read.findings["well"]
    assert not two.set_aside()

    for store in two.stores():
        for name in ("v1/inventory.json", "v1/content/model.json"):
            store.swap(f"{AT}/{name}", b"hurt")
    assert len(two.check(0)["repaired"]) == 4
    assert two.check(1, repair=False)["well"]
    made = two.keep(0, add={"reports/two.txt": said})

    assert made.findings["version"] == "v3"
    assert {"reports/one.txt", "reports/two.txt"} <= set(vault.peek(two.stores()[1], URN).state)
    assert all(two.check(number, repair=False)["well"] for number in (0, 1))


def test_another_history_of_the_object_is_refused_not_replaced(site):
    site.keep(0)
    own = [str(site.folder / name) for name in ("own", "own-copy")]
    site.keep(1, "tulip", *own)

    for first, second in ((site.places[0], own[1]), (own[0], site.places[1])):
        with pytest.raises(IntegrityError, match="another history"):
            site.keep(1, "tulip", first, second)

    assert not site.set_aside()
    assert site.check(0, repair=False)["well"]
