"""The runner under attack: programs that mean harm get nothing, leave nothing, and harm nobody."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from tenure.align.world import contract, fence, running
from tenure.align.world.running import Arena, strict
from tenure.errors import EngineError, UsageError

HOSTILE = yaml.safe_load(Path(__file__).with_name("hostile.yaml").read_text(encoding="utf-8"))
GRADE = """
def grade(outputs, files, seed):
    good = [same(o.get("value"), c[0][::-1]) for o, c in zip(outputs, asked)]
    return sum(good) / len(good)
"""
RIGHT = {"solution.py": "def solve(text):\n    return text[::-1]\n"}
MARK = Path("/tmp/tenure-was-here")


def environment(**reward):
    return contract.Environment.model_validate(
        {
            "apiVersion": "tenure/environment.v1",
            "id": "turned",
            "family": "texts",
            "by": "a test",
            "prompt": "Write solve(text) that turns a text round.",
            "writable": ["solution.py"],
            "reward": {
                "run": {"seconds": 0.3},
                "cases": [["abc"], ["hidden answer"]],
                "leaves": ["left.txt"],
                "grade": GRADE,
                **reward,
            },
            "oracle": RIGHT,
        }
    )


@pytest.fixture(scope="module")
def arena():
    with Arena() as found:
        yield found


def processes(arena):
    """Those that an arena has started and that still run: they bear its folder in their command."""
    told = [
        path.read_bytes()
        for path in Path("/proc").glob("[0-9]*/cmdline")
        if path.parent.name != str(os.getpid()) and path.exists()
    ]
    return sum(str(arena._folder).encode() in one for one in told)


@pytest.mark.slow
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_code_gets_no_reward_and_leaves_nothing(arena, name):
    outcome = arena.play(environment(), {"solution.py": HOSTILE[name]}, 0)

    assert outcome.reward == 0.0, outcome
    assert not any("root:" in str(o) for o in outcome.outputs)
    assert not MARK.exists()
    assert list(arena._of("agents").folder.iterdir()) == []


ALONE = (
    "forks", "shell", "writes-outside", "writes-by-number", "reads-passwords", "reads-memory",
    "kills-everybody", "socket", "link", "changes-built-ins", "through-the-traceback",
    "rewrites-the-hook", "replaces-the-hooks-code", "finds-the-hook", "forks-by-held-ctypes",
)  # fmt: skip


@pytest.mark.slow
def test_the_hook_holds_by_itself_where_the_kernel_lends_nothing():
    with Arena(kernel=False) as alone:
        assert alone.fence == {"hook": True, "landlock": 0, "seccomp": False}
        for name in ALONE:
            outcome = alone.play(environment(), {"solution.py": HOSTILE[name]}, 0)
            assert outcome.reward == 0.0, name
            assert not any("root:" in str(o) for o in outcome.outputs), name
            assert not MARK.exists(), name
        assert alone.play(environment(), RIGHT, 0).reward == 1.0


@pytest.mark.slow
def test_after_all_of_them_the_arena_is_as_it_was(arena):
    for name in ("forks", "kills-everybody", "threads-that-never-end", "closes-everything"):
        arena.play(environment(), {"solution.py": HOSTILE[name]}, 0)
    until = time.monotonic() + 5
    while processes(arena) > 2 and time.monotonic() < until:
        time.sleep(0.05)

    assert processes(arena) == 2  # the two that fork
    assert arena.play(environment(), RIGHT, 0).reward == 1.0


@pytest.mark.slow
def test_what_a_program_leaves_is_read_only_as_a_plain_file_of_its_own(arena):
    scoring = {
        "reads": ["files"],
        "grade": 'def grade(outputs, files, seed):\n    return float(files.get("left.txt") == "mine")\n',
    }
    env = environment(**scoring)
    writes = "open('left.txt', 'w').write('mine')\n"

    assert arena.play(env, {"solution.py": writes}, 0).reward == 1.0
    assert arena.play(env, {"solution.py": ""}, 0).reward == 0.0
    assert arena.play(env, {"solution.py": HOSTILE["link"]}, 0).reward == 0.0


@pytest.mark.parametrize("kind", ["symlink", "hard link", "fifo", "folder"])
def test_a_link_in_the_place_of_a_file_is_no_file(tmp_path, kind):
    secret, left = tmp_path / "secret", tmp_path / "left.txt"
    secret.write_text("secret")
    make = {
        "symlink": lambda: left.symlink_to(secret),
        "hard link": lambda: left.hardlink_to(secret),
        "fifo": lambda: os.mkfifo(left),
        "folder": left.mkdir,
    }
    make[kind]()

    assert running._left(tmp_path, "left.txt") is None
    assert running._left(tmp_path, "secret") == (None if kind == "hard link" else "secret")


@pytest.mark.slow
def test_what_is_not_asked_for_is_not_handed_in(arena):
    work = {**RIGHT, "conftest.py": "1/0", "../above.py": "", "json.py": "dumps = None"}
    outcome = arena.play(environment(), work, 0)

    assert outcome.reward == 1.0
    assert outcome.ignored == ("../above.py", "conftest.py", "json.py")


@pytest.mark.slow
def test_work_beyond_a_mebibyte_is_not_taken(arena):
    outcome = arena.play(environment(), {"solution.py": "#" * (2 << 20)}, 0)

    assert outcome.reward == 0.0
    assert "mebibyte" in outcome.ignored[-1]


@pytest.mark.slow
def test_the_same_play_has_the_same_outcome(arena):
    hashes = {"solution.py": "def solve(text):\n    return ''.join(set(text))\n"}
    first, second = (arena.play(environment(), hashes, 0) for _ in range(2))

    assert first.outputs == second.outputs
    with Arena(hash_seed=1) as other:
        assert other.play(environment(), hashes, 0).outputs != first.outputs


GRADERS = {
    "falls over": ("raise ValueError('no')", "ValueError"),
    "not a number": ("return float('nan')", "nan"),
    "infinite": ("return float('inf')", "inf"),
    "beyond": ("return 1.5", "1.5"),
    "a text": ("return '1.0'", "a str"),
    "nothing": ("return None", "a NoneType"),
    "runs the work": ("exec(files['solution.py'])\n    return 1.0", "exec"),
    "opens a file": ("return float(open('/etc/hostname').read() != '')", "open"),
    "endless": ("while True: pass", "too long"),
    "exits": ("raise SystemExit(0)", "SystemExit"),
    "ends": ("import os\n    os._exit(0)", "fell over"),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", GRADERS)
def test_a_grader_that_gives_no_reward_gives_none_and_never_a_zero(arena, name, monkeypatch):
    monkeypatch.setattr(running, "GRADING", 0.5)
    body, said = GRADERS[name]
    grade = f"def grade(outputs, files, seed):\n    {body}\n"
    outcome = arena.play(environment(grade=grade, reads=["files"]), RIGHT, 0)

    assert outcome.reward is None
    assert said in outcome.why or said in outcome.reached


@pytest.mark.slow
def test_the_agent_never_shares_a_process_with_what_is_hidden(arena):
    looks = (
        "import sys\nFOUND = []\nframe = sys._getframe()\nwhile frame:\n"
        "    FOUND.append(repr(frame.f_locals) + repr(frame.f_globals))\n    frame = frame.f_back\n"
        "def solve(text):\n    return 'open sesame' in ''.join(FOUND) or 'def grade' in ''.join(FOUND)\n"
    )
    outcome = arena.play(
        environment(hidden={"secret.txt": "open sesame"}), {"solution.py": looks}, 0
    )

    assert [o["value"] for o in outcome.outputs] == [False, False]


KERNEL = """
import ctypes, os, sys
sys.path.insert(0, sys.argv[1])
import fence
fence.protect()
assert fence.confine(sys.argv[2]) > 0
libc = ctypes.CDLL(None, use_errno=True)
victim = int(sys.argv[3])
open(sys.argv[2] + "/own", "w").write("1")
assert fence.filter_calls()
def refused(name, *arguments):
    return getattr(libc, name)(*arguments) == -1 and ctypes.get_errno() in (1, 13)
print(
    refused("open", b"/etc/passwd", 0), refused("open", b"/proc/self/environ", 0),
    refused("open", sys.argv[2].encode() + b"/../x", 0o101, 0o600), refused("fork"),
    refused("kill", victim, 9), refused("socket", 2, 1, 0), refused("ptrace", 16, victim, 0, 0),
    refused("unlink", sys.argv[2].encode() + b"/own"), refused("setuid", 0),
    refused("execve", b"/bin/true", 0, 0), refused("symlink", b"/etc/passwd", b"x"),
    refused("fcntl", 0, 8, victim), open(sys.argv[2] + "/own").read() == "1",
)
"""


@pytest.mark.slow
def test_without_the_hook_the_kernel_still_refuses(arena, tmp_path):
    if not (arena.fence["seccomp"] and arena.fence["landlock"]):
        pytest.skip("this kernel has no Landlock, or this machine is no x86-64")
    victim = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    world = Path(fence.__file__).parent
    done = subprocess.run(
        [sys.executable, "-S", "-c", KERNEL, str(world), str(tmp_path), str(victim.pid)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.stdout.split() == ["True"] * 13, done
    assert victim.poll() is None
    victim.kill()
    victim.wait()


def test_json_is_read_without_its_extensions():
    for text in ("NaN", "[Infinity]", "-Infinity", "1e999", "[" * 10**5, "{", "\x00"):
        with pytest.raises(ValueError):  # noqa: PT011 - several kinds of it
            strict(text)
    assert strict('{"a": [1, 2.5, null, true]}') == {"a": [1, 2.5, None, True]}


def test_a_closed_arena_says_so():
    with pytest.raises(UsageError, match="closed"):
        Arena().play(environment(), RIGHT, 0)


@pytest.mark.slow
def test_an_environment_that_draws_no_cases_says_what_to_do(arena):
    env = environment(cases=[], grade="def grade(outputs, files, seed):\n    return 1.0\n")

    with pytest.raises(EngineError, match="define cases"):
        arena.play(env, RIGHT, 0)
