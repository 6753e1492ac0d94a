from __future__ import annotations

from bench.analysis.attributions import TITLES, attributions
from bench.analysis.looks import Looks


def test_attributions_come_in_the_profiles_order(looked):
    names = attributions(Looks(looked(), "attributions"))
    assert names == ["integrated-gradients", "grad-cam"]
    assert [TITLES[name] for name in names] == ["Integrated gradients", "Grad-CAM"]


def test_one_that_explained_no_network_is_left_out(looked):
    looks = Looks(looked(), "attributions")
    assert not looks.has("saliency.spearman")
    assert "saliency" not in attributions(looks)
