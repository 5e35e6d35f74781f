"""The stand-alone judge as one file, for somebody who has nothing of ours: ``verify_decision.py``."""

import re
from pathlib import Path

NAME = "verify_decision.py"
PARTS = ("standalone_bounds.py", "standalone_verdict.py")
OURS = re.compile(r"^from tenure\.[^\n]*\n", re.MULTILINE)


def program() -> bytes:
    """Join ``standalone.py`` and its two parts into one program that imports nothing of ours."""
    here = Path(__file__).parent
    parts = [(here / name).read_text(encoding="utf-8") for name in PARTS]
    inner = "".join(OURS.sub("", part) + "\n\n" for part in parts)
    whole = (here / "standalone.py").read_text(encoding="utf-8")
    first, *_ = OURS.findall(whole)
    return OURS.sub("", whole.replace(first, inner, 1)).encode()
