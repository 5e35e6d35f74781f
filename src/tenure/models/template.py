"""Chat templates, rendered here once for all engines, the way transformers renders them.

The template is the model's own. Many put in a system prompt of their own when there is none:
:func:`default_system` says which, and registration records it on the model's card, so that nobody
is measured under a prompt they did not write without knowing.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jinja2 import TemplateError
from jinja2.ext import Extension, loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment

from tenure.errors import EngineError, ModelError
from tenure.models import gguf_header, vocabulary
from tenure.models.talk import Messages, plain

ROLES = ("system", "user", "assistant")


class ChatTemplate:
    """A model's chat template; ``special`` are its special tokens by name (``bos_token``...)."""

    def __init__(self, source: str, special: Mapping[str, str] | None = None) -> None:
        extensions: list[type[Extension]] = [loopcontrols]
        # Sandboxed: a template is code that came with somebody's weights.
        world = ImmutableSandboxedEnvironment(
            trim_blocks=True, lstrip_blocks=True, extensions=extensions
        )
        world.filters["tojson"] = lambda value, **how: json.dumps(value, ensure_ascii=False, **how)
        world.globals["raise_exception"] = _raise
        world.globals["strftime_now"] = lambda how: datetime.now(UTC).strftime(how)
        try:
            self._template = world.from_string(source)
        except TemplateError as error:
            raise EngineError(
                f"the model's chat template is broken: {error}; mend it in its tokenizer"
            ) from None
        self._special = dict(special or {})

    def render(self, messages: Messages, *, opened: bool = True) -> str:
        """Write a conversation as text that ends where the assistant begins to speak.

        With ``opened`` false it ends where the last message does.

        Raises:
            EngineError: an unknown role, no messages, or the template refuses the conversation.
        """
        for message in messages:
            if message["role"] not in ROLES:
                raise EngineError(
                    f"no role named '{message['role']}'; there are: {', '.join(ROLES)}"
                )
        if not messages:
            raise EngineError("a conversation needs at least one message")
        try:
            return self._template.render(
                messages=plain(messages),
                add_generation_prompt=opened,
                tools=None,
                **self._special,
            )
        except TemplateError as error:
            raise EngineError(
                f"the model's chat template refuses this conversation: {error}"
            ) from None

    def default_system(self) -> str | None:
        """Return what the template puts before a conversation that has no system message."""
        mark = "c0ffee-mark"
        bare = self.render([{"role": "user", "content": mark}]).split(mark)[0]
        own = self.render([{"role": "system", "content": mark}, {"role": "user", "content": mark}])
        parts = own.split(mark)
        if len(parts) < 3:  # it has no place for a system message
            return bare.strip() or None
        # What opens a system turn and a user turn is the template's; what is between is the prompt.
        end = len(bare) - _alike(bare[::-1], parts[1][::-1])
        start = min(_alike(bare, parts[0]), end)
        return bare[start:end].strip() or None


def _alike(one: str, other: str) -> int:
    """Count the characters with which both begin."""
    return next(
        (i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b),
        min(len(one), len(other)),
    )


def _raise(message: str) -> None:
    raise TemplateError(message)


def of(config: Mapping[str, Any], source: str | None) -> ChatTemplate:
    """Make the template of a tokenizer's config (``tokenizer_config.json``).

    Raises:
        EngineError: the model has none, and is no chat model.
    """
    if not source:
        raise EngineError(
            "this model has no chat template, so it is no chat model; add 'chat_template' to its "
            "tokenizer_config.json or name an instruction-tuned model"
        )
    special = {
        name: value["content"] if isinstance(value, dict) else value
        for name, value in config.items()
        if name.endswith("_token") and value
    }
    return ChatTemplate(source, special)


def of_folder(folder: Path) -> ChatTemplate:
    """Make the template of a folder: ``chat_template.jinja``, else the tokenizer's config.

    Raises:
        EngineError: it has none.
        ModelError: one of the two files cannot be read.
    """
    return of(_config(folder), source_of(folder))


def _config(folder: Path) -> dict[str, Any]:
    try:
        found = json.loads((folder / "tokenizer_config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(
            f"tokenizer_config.json of '{folder.name}' cannot be read ({error}); fetch it again from "
            "where the weights came from"
        ) from None
    if not isinstance(found, dict):
        raise ModelError(
            f"tokenizer_config.json of '{folder.name}' is not a JSON object; fetch it again from "
            "where the weights came from"
        )
    return found


def of_model(place: Path) -> ChatTemplate:
    """Make the template of a GGUF file or of a folder of safetensors."""
    if place.is_dir():
        return of_folder(place)
    config = vocabulary.tokenizer_config(gguf_header.read(place).metadata)
    return of(config, config.get("chat_template"))


def source_of(folder: Path) -> str | None:
    """Return a folder's chat template as text, or None."""
    apart = folder / "chat_template.jinja"
    if apart.is_file():
        try:
            return apart.read_text(encoding="utf-8")
        except ValueError as error:
            raise ModelError(
                f"chat_template.jinja of '{folder.name}' is not UTF-8 ({error}); fetch it again from "
                "where the weights came from"
            ) from None
    return _config(folder).get("chat_template")
