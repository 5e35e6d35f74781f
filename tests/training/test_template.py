"""Chat templates that cannot be trained with are refused by name, before a training starts."""

import json

import pytest

from tenure.errors import EngineError
from tenure.models import tiny
from tenure.training.template import check_template

pytestmark = pytest.mark.slow

TURN = (
    "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] "
    "+ '<|im_end|>' + '\n'}}{% endfor %}"
)
OPENED = "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
BROKEN = {
    "does not say where the answer begins": TURN,
    "renders a prompt otherwise once it is answered": (
        "{{ 'turns: ' + messages|length|string + '\n' }}" + TURN + OPENED
    ),
    "changes the answer": TURN.replace(
        "message['content'] ", "(message['content']|upper if message['role'] == 'assistant' "
        "else message['content']) "
    ) + OPENED,
    "ends an answer with none of the tokens": TURN.replace("'<|im_end|>' + ", "") + OPENED,
    "chat template is broken": "{% for message in messages %}",
    "refuses this conversation": "{{ raise_exception('no system prompt') }}",
}  # fmt: skip


def with_template(folder, text):
    tiny.make(folder)
    path = folder / "tokenizer_config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**config, "chat_template": text}), encoding="utf-8")
    return folder


def test_a_template_that_a_trainer_can_cut_passes(tmp_path):
    check_template(tiny.make(tmp_path / "good"))


def test_the_end_may_be_any_token_that_ends_generation(tmp_path):
    folder = with_template(tmp_path / "own", TURN.replace("im_end", "endoftext") + OPENED)
    with pytest.raises(EngineError, match="ends an answer with none"):
        check_template(folder)
    path = folder / "generation_config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**config, "eos_token_id": [258, 256]}), encoding="utf-8")

    check_template(folder)


@pytest.mark.parametrize("said", BROKEN)
def test_one_that_cannot_be_trained_with_is_named_with_the_remedy(tmp_path, said):
    with pytest.raises(EngineError, match=said):
        check_template(with_template(tmp_path / "broken", BROKEN[said]))


def test_a_model_without_a_template_is_no_chat_model(tmp_path):
    with pytest.raises(EngineError, match="has no chat template"):
        check_template(with_template(tmp_path / "none", None))
