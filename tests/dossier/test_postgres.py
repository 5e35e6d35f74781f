"""The same log on PostgreSQL, on a server that the test starts and stops itself."""

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tenure.dossier import Dossier
from tenure.dossier.opening import open_view
from tenure.dossier.verify import verify
from tenure.errors import UsageError

pytestmark = pytest.mark.postgres


def binaries():
    """The newest server's programs, or a skip that says how to have them."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: int(p.parent.name))
    if not found:
        pytest.skip("no PostgreSQL server here; run: apt-get install postgresql")
    pytest.importorskip("psycopg", reason="run: pip install 'tenure[postgres]'")
    return found[-1]


def as_server(command, folder):
    """Run a command as a user that the server accepts: it refuses to run as root."""
    if os.geteuid() != 0:
        return subprocess.run(command, check=True, capture_output=True, cwd=folder)
    user = pwd.getpwnam("postgres")
    return subprocess.run(
        command, check=True, capture_output=True, cwd=folder, user=user.pw_uid, group=user.pw_gid
    )


@pytest.fixture(scope="module")
def server():
    programs = binaries()
    with tempfile.TemporaryDirectory(prefix="tenure-pg-") as name:
        folder = Path(name)
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres")
        data = str(folder / "data")
        as_server([programs / "initdb", "-D", data, "-A", "trust", "-U", "tenure", "-N"], folder)
        options = f"-k {folder} -c listen_addresses='' -c fsync=off"
        as_server(
            [programs / "pg_ctl", "-D", data, "-w", "-l", folder / "log", "-o", options, "start"],
            folder,
        )
        try:
            yield f"postgresql+psycopg://tenure@/postgres?host={folder}"
        finally:
            as_server([programs / "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop"], folder)


@pytest.fixture
def opened(server, tmp_path):
    """A dossier with an empty log on the server."""
    with Dossier.open(tmp_path / "d", keys=tmp_path / "k", log=server) as dossier:
        yield dossier
    with (
        Dossier.open(tmp_path / "d", keys=tmp_path / "k", log=server) as dossier,
        dossier.log.engine.begin() as tx,
    ):
        tx.exec_driver_sql("DROP TABLE log, checkpoint, places, frontier, leases")


def test_a_life_on_a_server_verifies(opened, kit, monkeypatch, server):
    kit.live(opened)

    assert verify(opened.root, source=opened.log).ok
    assert not (opened.root / "dossier.db").exists()
    monkeypatch.setenv("TENURE_LOG", server)
    assert verify(opened.root).events == opened.size()
    assert open_view(opened.root).state("tulip@1").availability == "internal"
    assert opened.rebuild() == opened.size()
    assert verify(opened.root).ok


def test_two_machines_append_at_once(opened, tmp_path, server):
    code = (
        "import sys; from tenure.dossier import Dossier\n"
        "d = Dossier.open(sys.argv[1], keys=__import__('pathlib').Path(sys.argv[2]), log=sys.argv[3])\n"
        "e = d.emitter('', 'test')\n"
        "for n in range(15): e.event('note', sys.argv[1], {'n': n})\n"
    )
    with opened.emitter("", "test") as emit:
        emit.event("note", "first", {})
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path / f"m{i}"), str(tmp_path / "k"), server]
        )
        for i in range(2)
    ]
    assert [run.wait() for run in runs] == [0, 0]

    report = verify(opened.root, source=opened.log)
    assert report.ok, report.problems
    assert report.events == 32


def test_a_server_that_is_not_there_says_so(tmp_path):
    with pytest.raises(UsageError, match="cannot open the log"):
        Dossier.open(
            tmp_path / "d", keys=tmp_path / "k", log=f"postgresql+psycopg://x@/x?host={tmp_path}"
        )
