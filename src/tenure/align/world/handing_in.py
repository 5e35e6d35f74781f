"""From a model's answer to the files it hands in, and how it is asked for them."""

import re

from tenure.align.world.contract import Environment

BLOCK = re.compile(r"^```[ \t]*([^\n`]*)\n(.*?)^```[ \t]*$", re.DOTALL | re.MULTILINE)
LANGUAGES = ("", "python", "py", "python3", "text")


def asked(env: Environment) -> list[dict[str, str]]:
    """Return the conversation in which an environment is put to a model."""
    shown = "".join(f"\n```{path}\n{text.rstrip()}\n```\n" for path, text in env.shown.items())
    files = ", ".join(env.writable)
    text = (
        f"{env.prompt.rstrip()}\n{shown}\n"
        f"Hand in: {files}. Write each file whole, in a code block that begins with ```{env.writable[0]}"
    )
    return [{"role": "user", "content": text}]


def work_of(env: Environment, completion: str) -> dict[str, str]:
    """Find the files that an answer hands in: code blocks that name them.

    A block that names no file is the only file that is asked for, where there is only one; of two
    blocks for one file the last counts. An answer without a block hands in nothing.
    """
    found: dict[str, str] = {}
    for label, text in BLOCK.findall(completion):
        name = label.strip().split()[-1] if label.strip() else ""
        if name in env.writable:
            found[name] = text
        elif name in LANGUAGES and len(env.writable) == 1:
            found[env.writable[0]] = text
    return found
