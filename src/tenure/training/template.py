"""Whether a chat template can be trained with; asked before a training starts.

A trainer cuts a conversation at the place where the answer begins, and teaches the model to end it.
A template that renders the prompt otherwise once it is answered, or that ends an answer with no
token that ends one, would be trained on wrongly and nobody told.
"""

import json
from pathlib import Path
from typing import Any

from tenure.errors import EngineError
from tenure.models import template

ASKED, ANSWERED = "What stands on the table?", "A lamp stands there."
REMEDY = "mend 'chat_template' in its tokenizer_config.json, or name another parent"


def check_template(folder: Path, name: str | None = None) -> None:
    """Refuse a model whose chat template cannot be trained with; ``name`` is what it is called.

    The conversation's beginning up to the answer must be rendered the same with the answer and
    without it, and what follows the answer must begin with a token that ends generation.

    Raises:
        EngineError: no template, or one of these does not hold; says which and the remedy.
    """
    called = name or folder.name
    found = template.of_folder(folder)
    asked = [{"role": "user", "content": ASKED}]
    prompt = found.render(asked)
    bare = found.render(asked, opened=False)
    whole = found.render([*asked, {"role": "assistant", "content": ANSWERED}], opened=False)
    if prompt == bare:
        raise EngineError(
            f"the chat template of '{called}' does not say where the answer begins "
            f"(add_generation_prompt changes nothing); {REMEDY}"
        )
    if not whole.startswith(prompt):
        raise EngineError(
            f"the chat template of '{called}' renders a prompt otherwise once it is answered; "
            f"trained so, the model would learn another prompt than it is asked with: {REMEDY}"
        )
    rest = whole[len(prompt) :]
    if not rest.startswith(ANSWERED):
        raise EngineError(f"the chat template of '{called}' changes the answer; {REMEDY}")
    ends = _ends(folder)
    if not any(rest[len(ANSWERED) :].lstrip().startswith(end) for end in ends):
        raise EngineError(
            f"the chat template of '{called}' ends an answer with none of the tokens that end "
            f"generation ({', '.join(ends) or 'none named'}), so a trained model would not stop; "
            f"{REMEDY}"
        )


def _ends(folder: Path) -> list[str]:
    """Return the tokens that end generation, as text."""
    config = _json(folder / "tokenizer_config.json")
    own: Any = config.get("eos_token")
    found = [own["content"] if isinstance(own, dict) else own] if own else []
    by_id = {
        one["id"]: one["content"]
        for one in _json(folder / "tokenizer.json").get("added_tokens", ())
    }
    ids: Any = _json(folder / "generation_config.json").get("eos_token_id")
    for one in ids if isinstance(ids, list) else [ids]:
        if one in by_id and by_id[one] not in found:
            found.append(by_id[one])
    return found


def _json(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    return json.loads(path.read_text(encoding="utf-8"))
