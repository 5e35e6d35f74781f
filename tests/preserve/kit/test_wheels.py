"""The wheels in the vault: found, named, shared, compared, and installed from with no network."""

import subprocess
import sys
import zipfile
from importlib import metadata

import pytest

from tenure.errors import IntegrityError, UsageError
from tenure.preserve.kit import wheels
from tenure.preserve.ocfl import object_path
from tenure.preserve.revival import rebuilt
from tenure.preserve.stores.local import LocalStore

pytestmark = pytest.mark.slow


def wheel(folder, name, version="1.0", requires="", platform="any"):
    """Write a small pure wheel by hand."""
    folder.mkdir(exist_ok=True, parents=True)
    about = f"{name}-{version}.dist-info"
    asked = f"Requires-Dist: {requires}\n" if requires else ""
    members = {
        f"{name}.py": f"VERSION = {version!r}\n",
        f"{about}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{asked}",
        f"{about}/WHEEL": f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-{platform}\n",
    }
    members[f"{about}/RECORD"] = "".join(f"{n},,\n" for n in (*members, f"{about}/RECORD"))
    path = folder / f"{name}-{version}-py3-none-{platform}.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for member, text in members.items():
            archive.writestr(member, text)
    return path


@pytest.fixture
def stores(quick):
    return [LocalStore(str(quick / "vault")), LocalStore(str(quick / "vault-copy"))]


def test_what_an_installation_rests_on_is_found_with_its_versions():
    found = {each.name: each for each in wheels.needed()}

    for name in ("numpy", "cryptography", "pydantic"):
        assert found[name].version == metadata.version(name)
        assert found[name].bytes > 10_000
    assert "tenure" not in found
    assert "pytest" not in found  # a tool of ours, nothing a model comes back with
    assert wheels.foretold(list(found.values())).startswith(f"{len(found)} wheels, at most ")


def test_wheels_that_are_lacking_are_named(tmp_path):
    wheel(tmp_path, "tulip")
    asked = [wheels.Needed("tulip", "1.0.0", 1), wheels.Needed("rose", "2", 1)]

    assert [p.name for p in wheels.chosen(asked[:1], tmp_path)] == ["tulip-1.0-py3-none-any.whl"]
    with pytest.raises(UsageError, match=r"1 wheels are not in .*rose==2; fetch them with 'pip"):
        wheels.chosen(asked, tmp_path)


def test_our_own_wheel_is_the_same_each_time_and_installs(tmp_path):
    first = wheels.own(tmp_path).read_bytes()
    made = wheels.own(tmp_path)

    assert made.read_bytes() == first
    (tmp_path / "site").mkdir()
    with zipfile.ZipFile(made) as archive:
        archive.extractall(tmp_path / "site")
    found = subprocess.run(
        [sys.executable, "-S", "-c", "import tenure; print(tenure.__version__, tenure.__file__)"],
        capture_output=True, text=True, check=True, cwd=tmp_path / "site",
    ).stdout.split()  # fmt: skip
    assert found[0] == metadata.version("tenure")
    assert str(tmp_path) in found[1]


def test_one_object_is_shared_and_its_name_holds_its_digest(stores, quick):
    held = [
        wheel(quick / "w", "tulip"),
        wheel(quick / "w", "rose", platform="manylinux_2_28_x86_64"),
    ]

    said, signed = wheels.keep(stores, held, quick)

    assert (said, signed) == wheels.keep(stores, held, quick)
    assert signed["object"] == said["object"]
    assert len(signed["inventories"]) == 1  # the copies have one and the same
    assert said["platforms"] == ["manylinux_2_28_x86_64"]
    assert set(said["files"]) == {p.name for p in held} | {wheels.own(quick).name}
    back = wheels.fetch(stores, said["object"], quick / "back")
    assert (back / "wheels" / held[0].name).read_bytes() == held[0].read_bytes()
    damaged = next((quick / "vault" / object_path(said["object"])).rglob("tulip*.whl"))
    damaged.chmod(0o644)
    damaged.write_bytes(damaged.read_bytes()[:-1])
    assert wheels.fetch(stores, said["object"], quick / "other")  # from the other copy
    with pytest.raises(IntegrityError, match="not whole in any copy"):
        wheels.fetch(stores[:1], said["object"], quick / "third")


def test_a_wheel_that_is_lacking_stops_an_offline_installation(quick):
    wheel(quick / "w", "tulip", requires="rose>=1")
    wheel(quick / "w", "rose")
    about = {"python": "3.11", "platforms": ["any"]}
    rebuilt._run([sys.executable, "-m", "venv", str(quick / "venv")], about)
    python = quick / "venv" / "bin" / "python"
    offline = ["--no-index", "--find-links", str(quick / "w")]
    command = [str(python), "-m", "pip", "--isolated", "install", *offline, "tulip"]

    rebuilt._run(command, about)
    found = subprocess.run(
        [python, "-c", "import tulip, rose; print(tulip.VERSION, rose.VERSION)"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert found.stdout.split() == ["1.0", "1.0"]

    (quick / "w" / "rose-1.0-py3-none-any.whl").unlink()
    with pytest.raises(
        UsageError, match=r"No matching distribution .* are for Python 3\.11 on any"
    ):
        rebuilt._run([*command, "--force-reinstall"], about)
