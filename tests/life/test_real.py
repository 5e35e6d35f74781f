"""The real model's life, killed once in its middle: the same dossier comes out."""

import living
import pytest

from tenure.dossier.compare import compare

pytestmark = [pytest.mark.life, pytest.mark.local]


def test_a_real_life_killed_once_comes_out_the_same(stand, tmp_path):
    pytest.importorskip("openvino_genai", reason="pip install tenure[local]")
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    seconds = living.live(stand / "small.yaml", whole)

    process = living.start(stand / "small.yaml", killed)
    assert living.kill_after(process, 0.4 * seconds), "it ended before it could be killed"
    living.live(stand / "small.yaml", killed)

    assert compare(whole / "dossier", killed / "dossier") == []
    assert "is available: internal" in living.said(killed)
