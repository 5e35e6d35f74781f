"""What a fine-tuning depends on, taken from the settings of a stage."""

from types import SimpleNamespace

import pytest

from tenure.errors import UsageError
from tenure.training import FineTune


def test_what_has_the_same_name_is_taken_and_the_rest_is_given():
    spec = SimpleNamespace(name="parent", rank=8, seed=3, rows=500, charter=None)
    made = FineTune.of(spec, name="child", purpose="test-fixture", batch=2)

    assert FineTune.of(SimpleNamespace(processes=2), name="c", purpose="p").processes == 2
    assert (made.name, made.rank, made.alpha, made.seed, made.batch) == ("child", 8, 16, 3, 2)
    assert FineTune.of(SimpleNamespace(), name="child", purpose="p") == FineTune(
        name="child", purpose="p"
    )


def test_what_no_trainer_could_run_is_refused_by_name():
    with pytest.raises(UsageError, match="max_length is 2; give at least 8"):
        FineTune.of(SimpleNamespace(max_length=2), name="child", purpose="p")
