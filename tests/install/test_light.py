"""The light install: the wheel alone, no torch, an assessment of a model behind an API."""

import os
import subprocess
import sys
import venv
from pathlib import Path

import endpoint
import pytest

ROOT = Path(__file__).parents[2]
pytestmark = [pytest.mark.life, pytest.mark.local]
HEAVY = ("torch", "transformers", "trl", "openvino", "peft", "datasets")


def run(*command, **environment):
    return subprocess.run(
        [str(part) for part in command],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )


@pytest.fixture(scope="module")
def light(tmp_path_factory):
    """A new environment with nothing but the wheel and what it needs."""
    place = tmp_path_factory.mktemp("light")
    made = run(sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", place, ROOT)
    assert made.returncode == 0, made.stderr
    venv.create(place / "env", with_pip=True)
    python = place / "env" / "bin" / "python"
    wheel = next(place.glob("tenure-*.whl"))
    put = run(python, "-m", "pip", "install", "-q", "-c", ROOT / "constraints.txt", wheel)
    assert put.returncode == 0, put.stderr
    return place


def test_it_brings_no_engine_and_no_trainer(light):
    listed = run(light / "env" / "bin" / "python", "-m", "pip", "list", "--format=freeze").stdout

    installed = {line.split("==")[0].lower() for line in listed.splitlines()}
    assert "inspect_ai" in installed or "inspect-ai" in installed
    assert not installed & set(HEAVY)


def test_a_model_behind_an_api_is_assessed_and_the_cost_is_said_first(light):
    pytest.importorskip("openvino_genai", reason="pip install tenure[local]")
    small = [
        "--pairs",
        "16",
        "--hidden",
        "2",
        "--swapped",
        "2",
        "--absent",
        "2",
        "--unwatched",
        "2",
    ]
    small += ["--baseline", "4", "--control-n", "24", "--hidden-tokens", "24"]
    tenure = light / "env" / "bin" / "tenure"
    own = {"TENURE_KEYS": str(light / "keys"), "TENURE_DOSSIER": str(light / "dossier")}
    with endpoint.serving(light, "tenure/embedded", "tulip") as reach:
        found = run(
            tenure, "assess", "faking", "--model", "openai-api/local/tulip", *small, **own, **reach
        )  # fmt: skip

    assert found.returncode == 0, found.stdout + found.stderr
    assert "calls, about" in found.stdout.splitlines()[0]
    assert "compliance_gap" in found.stdout
    verified = run(tenure, "verify", "--recompute", **own)
    assert verified.returncode == 0, verified.stdout + verified.stderr
    assert ", 0 differ" in verified.stdout


def test_the_example_opens_without_any_model(light):
    shown = run(light / "env" / "bin" / "tenure", "show", "example")

    assert shown.returncode == 0, shown.stderr
    assert "compliance_gap" in shown.stdout
