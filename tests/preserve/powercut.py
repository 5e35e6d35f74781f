"""What a disk may hold after the power went: recorded system calls replayed without what was not synced.

``record`` runs a program under strace and reads back, with all data, what it did to one folder.
``image`` lays out what a disk could hold had the power gone after the first n of these calls, by
the rules that POSIX leaves a file system (Pillai et al. 2014, "ALICE"; Mohan et al. 2018,
"CrashMonkey"): bytes written are certain once the file was fsynced, a name once its folder was. All
else is kept, lost, cut short or left as zeros, each by itself, so in any order. A rename is one
step; its old name may stay as well. A folder is gone only if what was in it is.
"""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

CALLS = (
    "open,openat,creat,write,pwrite64,writev,pwritev,pwritev2,ftruncate,truncate,fsync,fdatasync,sync,"
    "syncfs,sync_file_range,rename,renameat,renameat2,link,linkat,symlink,symlinkat,unlink,unlinkat,"
    "rmdir,mkdir,mkdirat,lseek,copy_file_range,sendfile,fallocate,dup,dup2,dup3"
)
LINE = re.compile(r"^\d+\s+(\w+)\((.*)\)\s+=\s+(-?\d+|\?)", re.DOTALL)
TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"(\.\.\.)?')


@dataclass(frozen=True)
class Op:
    """One call: ``what``, the node or (folder node, name) it is about, and its data."""

    what: str
    node: int = -1
    folder: int = -1
    name: str = ""
    to: tuple = ()
    at: int = 0
    data: bytes = b""


@dataclass
class Trace:
    """What was there before, and every call since; nodes are numbered, the folder itself is 0."""

    ops: list = field(default_factory=list)
    files: dict = field(default_factory=dict)  # node -> bytes at the beginning
    names: dict = field(default_factory=dict)  # folder node -> {name: node} at the beginning

    @classmethod
    def of(cls, root):
        """Take what a folder holds as certain."""
        trace, numbers = cls(names={0: {}}), {Path(root): 0}
        for place in sorted(Path(root).rglob("*")):
            number = numbers[place] = len(numbers)
            trace.names[numbers[place.parent]][place.name] = number
            if place.is_dir():
                trace.names[number] = {}
            else:
                trace.files[number] = place.read_bytes()
        return trace


def record(command, root, log, trace=None, environment=None):
    """Run a command under strace, and append what it does below ``root`` to a trace."""
    trace = trace or Trace.of(root)
    said = subprocess.run(
        [
            "strace",
            "-f",
            "-xx",
            "-s",
            "100000000",
            "-e",
            f"trace={CALLS}",
            "-o",
            str(log),
            *command,
        ],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **(environment or {})},
    )
    assert said.returncode == 0, said.stderr
    _Reader(Path(root), trace).read(log)
    return trace


class _Reader:
    """Follows names and open files while the calls are read."""

    def __init__(self, root, trace):
        self.root, self.trace = str(root), trace
        self.live = {k: dict(v) for k, v in trace.names.items()}
        self.sizes = {k: len(v) for k, v in trace.files.items()}
        self.next = 1 + max([0, *self.live, *self.sizes])
        for op in trace.ops:  # an earlier run that was killed: its calls happened
            self._follow(op)
        self.open = {}  # descriptor -> [node, position]

    def read(self, log):
        waiting = {}
        with Path(log).open(encoding="ascii") as lines:
            for line in lines:
                thread, _, rest = line.partition(" ")
                if line.rstrip().endswith("<unfinished ...>"):
                    waiting[thread] = line.rstrip().removesuffix("<unfinished ...>")
                    continue
                if rest.lstrip().startswith("<... "):
                    line = waiting.pop(thread) + rest.split("resumed>", 1)[1]
                found = LINE.match(line)
                if found and found[3] not in ("?", "-1"):
                    self._call(found[1], found[2], int(found[3]))

    def _call(self, name, given, result):
        texts = [bytes.fromhex(t[1].replace("\\x", "")) for t in TEXT.finditer(given)]
        assert not any(t[2] for t in TEXT.finditer(given)), "strace cut a text short"
        plain = [part.strip() for part in TEXT.sub("TEXT", given).split(",")]
        if name in ("open", "openat", "creat"):
            return self._open(self._where(texts[0]), given, name == "creat", result)
        if name in ("write", "pwrite64"):
            return self._write(int(plain[0]), texts[0][:result], plain if name[0] == "p" else None)
        if name in ("rename", "renameat", "renameat2", "link", "linkat"):
            return self._two_names(name, *(self._where(t) for t in texts))
        if name in ("mkdir", "mkdirat", "unlink", "unlinkat", "rmdir"):
            what = "rmdir" if "AT_REMOVEDIR" in given else name.removesuffix("at")
            return self._name(what, self._where(texts[0]))
        if name in ("fsync", "fdatasync"):
            found = self.open.get(int(plain[0]))
            return self._add(Op("sync", node=found[0])) if found else None
        if name in ("sync", "syncfs"):
            return self._add(Op("sync all"))
        if name == "lseek":
            if int(plain[0]) in self.open:
                self.open[int(plain[0])][1] = result
            return None
        touched = [int(p) for p in plain if p.isdigit() and int(p) in self.open]
        assert not touched, (
            f"{name}({given[:80]}) touches the folder; teach this reader what it does"
        )
        return None

    def _where(self, path):
        """Return (folder node, name) of a path below the root, or None for one that is elsewhere."""
        text = os.path.normpath(os.fsdecode(path))
        if text == self.root:
            return (0, "")
        if not text.startswith(self.root + "/"):
            return None
        *folders, name = text[len(self.root) + 1 :].split("/")
        at = 0
        for folder in folders:
            at = self.live[at][folder]
        return (at, name)

    def _open(self, where, given, creat, descriptor):
        self.open.pop(descriptor, None)
        if where is None:
            return
        folder, name = where
        node = self.live[folder].get(name) if name else 0
        if node is None:
            node, self.next = self.next, self.next + 1
            self._add(Op("create", node=node, folder=folder, name=name))
        elif "O_TRUNC" in given or creat:
            self._add(Op("cut", node=node, at=0))
        self.open[descriptor] = [node, self.sizes.get(node, 0) if "O_APPEND" in given else 0]

    def _write(self, descriptor, data, positioned):
        if descriptor not in self.open:
            return
        place = self.open[descriptor]
        at = int(positioned[-1]) if positioned else place[1]
        self._add(Op("write", node=place[0], at=at, data=data))
        if not positioned:
            place[1] += len(data)

    def _two_names(self, name, old, new):
        assert (old is None) == (new is None), "a name moves into or out of the folder"
        if old is not None:
            node = self.live[old[0]][old[1]]
            what = "link" if name.startswith("link") else "rename"
            self._add(Op(what, node=node, folder=old[0], name=old[1], to=new))

    def _name(self, what, where):
        if where is None:
            return
        folder, name = where
        if what == "mkdir":
            node, self.next = self.next, self.next + 1
        else:
            node = self.live[folder][name]
        self._add(Op(what, node=node, folder=folder, name=name))

    def _add(self, op):
        self.trace.ops.append(op)
        self._follow(op)

    def _follow(self, op):
        apply(op, self.live)
        self.next = max(self.next, op.node + 1)
        if op.what == "write":
            self.sizes[op.node] = max(self.sizes.get(op.node, 0), op.at + len(op.data))
        elif op.what == "cut":
            self.sizes[op.node] = op.at


def apply(op, names):
    """Change names as one call does."""
    if op.what in ("create", "mkdir"):
        names[op.folder][op.name] = op.node
        if op.what == "mkdir":
            names.setdefault(op.node, {})
    elif op.what in ("unlink", "rmdir"):
        names[op.folder].pop(op.name, None)
    elif op.what in ("rename", "link"):
        names[op.to[0]][op.to[1]] = op.node
        if op.what == "rename" and names[op.folder].get(op.name) == op.node:
            del names[op.folder][op.name]


def certain(ops):
    """Say of each call whether a later one made it certain."""
    sure, synced, everything = [False] * len(ops), set(), False
    for index in range(len(ops) - 1, -1, -1):
        op = ops[index]
        if op.what == "sync all":
            everything = True
        elif op.what == "sync":
            synced.add(op.node)
        about = {op.node} if op.what in ("write", "cut") else {op.folder, *op.to[:1]}
        if op.what == "link":
            about = {op.to[0]}
        sure[index] = everything or bool(about & synced)
    return sure


def image(trace, n, place, draw=None, keep=0.0):
    """Lay out a disk after the first n calls; what is not certain is kept with this probability.

    Without ``draw``, all of it is kept for ``keep`` = 1 and none for 0.
    """
    ops, names = trace.ops[:n], {k: dict(v) for k, v in trace.names.items()}
    data = {node: bytearray(content) for node, content in trace.files.items()}
    for op in ops:
        if op.what == "mkdir":
            names.setdefault(op.node, {})
    for op, sure in zip(ops, certain(ops), strict=True):
        lucky = sure or (draw.random() < keep if draw else keep >= 1)
        if op.what in ("write", "cut"):
            _put(op, data.setdefault(op.node, bytearray()), lucky, draw)
        elif op.what == "rmdir" and (not lucky or names[op.node]):
            continue  # a file system removes no folder that is not empty on the disk as well
        elif lucky:
            apply(op, names)
            if op.what == "rename" and not sure and draw and draw.random() < 0.2:
                names[op.folder].setdefault(op.name, op.node)
    _lay(names, data, 0, Path(place))


def _put(op, content, lucky, draw):
    if op.what == "cut":
        if lucky:
            del content[op.at :]
        return
    part = op.data
    if not lucky:
        how = draw.choice(("lost", "cut", "zeros")) if draw else "lost"
        if how == "lost":
            return
        part = part[: draw.randrange(len(part) + 1)] if how == "cut" else bytes(len(part))
    content.extend(bytes(max(0, op.at - len(content))))
    content[op.at : op.at + len(part)] = part


def _lay(names, data, node, place):
    place.mkdir(parents=True, exist_ok=True)
    for name, child in names[node].items():
        if child in names:
            _lay(names, data, child, place / name)
        else:
            (place / name).write_bytes(data.get(child, b""))


def clear(place):
    """Remove what ``image`` laid out."""
    shutil.rmtree(place, ignore_errors=True)
