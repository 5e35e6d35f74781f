"""Chat templates: the model's own, and what it puts in unasked."""

import pytest

from tenure.errors import EngineError, ModelError
from tenure.models import template
from tenure.models.template import ChatTemplate
from tenure.models.tiny import TEMPLATE

SMOL = (
    "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}"
    "{{ '<|im_start|>system\nYou are Somebody.<|im_end|>\n' }}{% endif %}"
    "{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
USER = [{"role": "user", "content": "Hello"}]


def test_a_conversation_ends_where_the_assistant_begins():
    text = ChatTemplate(TEMPLATE).render(USER)
    assert text == "<|im_start|>user\nHello<|im_end|>\n<|im_start|>assistant\n"


def test_a_system_prompt_put_in_by_the_template_is_told():
    assert ChatTemplate(SMOL).default_system() == "You are Somebody."
    assert ChatTemplate(TEMPLATE).default_system() is None


def test_special_tokens_are_at_hand():
    made = template.of(
        {"bos_token": {"content": "<s>"}, "eos_token": "</s>"},
        "{{ bos_token }}{{ messages[0]['content'] }}{{ eos_token }}",
    )
    assert made.render(USER) == "<s>Hello</s>"


@pytest.mark.parametrize(
    ("source", "messages", "said"),
    [
        ("{{ raise_exception('only pairs') }}", USER, "only pairs"),
        (TEMPLATE, [], "at least one message"),
        (TEMPLATE, [{"role": "robot", "content": "x"}], "There are|there are: system"),
        ("{{ ''.__class__.__mro__ }}", USER, "refuses"),
    ],
)
def test_what_cannot_be_rendered_is_refused_in_words(source, messages, said):
    with pytest.raises(EngineError, match=said):
        ChatTemplate(source).render(messages)


def test_broken_and_missing_templates_say_what_to_mend():
    with pytest.raises(EngineError, match="broken"):
        ChatTemplate("{% for %}")
    with pytest.raises(EngineError, match="no chat model"):
        template.of({}, None)


@pytest.mark.local
def test_it_renders_as_transformers_does(tiny_folder):
    from transformers import AutoTokenizer

    theirs = AutoTokenizer.from_pretrained(tiny_folder)
    talk = [
        {"role": "system", "content": "Be brief. "},
        *USER,
        {"role": "assistant", "content": "Hi\n"},
        *USER,
    ]
    ours = template.of_folder(tiny_folder).render(talk)
    assert ours == theirs.apply_chat_template(talk, tokenize=False, add_generation_prompt=True)


@pytest.mark.parametrize("data", [b"\xff\xfe", b"{", b"[1]"])
def test_a_tokenizer_config_that_cannot_be_read_is_named(tmp_path, data):
    (tmp_path / "tokenizer_config.json").write_bytes(data)

    with pytest.raises(ModelError, match=r"tokenizer_config\.json of"):
        template.of_folder(tmp_path)


def test_a_template_that_is_no_text_is_named(tmp_path):
    (tmp_path / "tokenizer_config.json").write_text("{}")
    (tmp_path / "chat_template.jinja").write_bytes(b"\xff")

    with pytest.raises(ModelError, match="is not UTF-8"):
        template.of_folder(tmp_path)
