"""Token ids and rendered templates, from a model's own tokenizer and chat template; no torch."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2.exceptions import TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from tenure.errors import EngineError
from tenure.models import gguf_header, vocabulary

SPECIAL = ("bos_token", "eos_token", "unk_token", "pad_token", "sep_token", "cls_token")


class Tokenizer:
    """Text to ids, conversations to text."""

    def __init__(self, folder: Path) -> None:
        """Open a folder with ``tokenizer.json``, or with one GGUF file that holds the tokenizer.

        Raises:
            EngineError: the ``tokenizers`` library is not installed, or there is no tokenizer.
        """
        try:
            from tokenizers import Tokenizer as Fast
        except ImportError:
            raise EngineError("tokenizers is not installed: pip install 'tenure[local]'") from None
        spelled, config = _read(folder)
        self._fast: Any = Fast.from_str(spelled)
        self._template = config.get("chat_template")
        self._special = {name: _text(config[name]) for name in SPECIAL if config.get(name)}

    def ids(self, text: str) -> list[int]:
        """Return a text's token ids, special tokens not added."""
        return list(self._fast.encode(text, add_special_tokens=False).ids)

    def render(self, messages: Sequence[Mapping[str, str]]) -> str:
        """Fill in the chat template, up to where the model answers.

        Raises:
            EngineError: there is no template, or it refuses the conversation.
        """
        if not self._template:
            raise EngineError("this model has no chat template")
        # The settings that chat templates are written for: transformers' apply_chat_template.
        environment = ImmutableSandboxedEnvironment(
            trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"]
        )
        environment.filters["tojson"] = lambda value: json.dumps(value, ensure_ascii=False)
        environment.globals["raise_exception"] = _refuse
        try:
            template = environment.from_string(self._template)
            return template.render(
                messages=list(messages), add_generation_prompt=True, **self._special
            )
        except TemplateError as error:
            raise EngineError(f"the chat template cannot be filled in: {error}") from None


def _read(folder: Path) -> tuple[str, dict[str, Any]]:
    """Return tokenizer.json's text and the tokenizer's config with the chat template."""
    if (folder / "tokenizer.json").is_file():
        config: dict[str, Any] = {}
        if (folder / "tokenizer_config.json").is_file():
            config = json.loads((folder / "tokenizer_config.json").read_text(encoding="utf-8"))
        if (folder / "chat_template.jinja").is_file():
            config["chat_template"] = (folder / "chat_template.jinja").read_text(encoding="utf-8")
        return (folder / "tokenizer.json").read_text(encoding="utf-8"), config
    packed = sorted(folder.glob("*.gguf"))
    if len(packed) != 1:
        raise EngineError("this model has no tokenizer.json and is not one GGUF file")
    metadata = gguf_header.read(packed[0]).metadata
    return json.dumps(vocabulary.tokenizer_json(metadata)), vocabulary.tokenizer_config(metadata)


def _text(token: Any) -> str:
    return str(token["content"] if isinstance(token, dict) else token)


def _refuse(message: str) -> None:
    raise TemplateError(message)
