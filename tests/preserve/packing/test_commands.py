"""The commands that pack and unpack one file, as a person meets them."""

import pytest

from tenure.cli.commands import vault_kernel, vault_pack, vault_unpack
from tenure.errors import UsageError

pytestmark = pytest.mark.slow


def test_there_and_back(pair, tmp_path, capsys):
    one, two, base = pair
    first, second, back = tmp_path / "one.pack", tmp_path / "two.pack", tmp_path / "back"
    vault_pack.extension(one, first)
    vault_pack.extension(two, second, base=[two.with_name("base.safetensors")])
    assert f"needs {one.name}, sha256 {base.digest()}" in capsys.readouterr().out
    vault_unpack.extension(second, back, base=first)
    assert back.read_bytes() == two.read_bytes()
    assert "sha256 equal" in capsys.readouterr().out
    vault_unpack.extension(first, tmp_path / "d", tensor="d")
    assert (tmp_path / "d").stat().st_size == 4000


def test_what_is_wrong_is_said_and_nothing_is_left(pair, tmp_path):
    one, two, _ = pair
    pack = tmp_path / "x.pack"
    vault_pack.extension(two, pack, base=[one])
    with pytest.raises(UsageError, match="is there already"):
        vault_pack.extension(two, pack)
    with pytest.raises(UsageError, match="is no file"):
        vault_pack.extension(tmp_path, tmp_path / "y.pack")
    with pytest.raises(UsageError, match="give that file"):
        vault_unpack.extension(pack, tmp_path / "back")
    assert not (tmp_path / "back").exists()
    with pytest.raises(UsageError, match="did you mean one of these"):
        vault_unpack.extension(pack, tmp_path / "t", base=one, tensor="A")
    assert not (tmp_path / "t").exists()


def test_the_kernel_says_which_form_is_used(capsys):
    vault_kernel.extension()
    told = capsys.readouterr().out
    assert "In use:" in told
    assert "pure" in told
