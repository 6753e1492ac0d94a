from __future__ import annotations

from bench.render.text import counts


def test_a_method_that_one_network_alone_has_is_not_beside_means_over_several(study_of, runs):
    """Magnitude at 95% moves its features most, and lacks the second network here."""
    lacking = "magnitude:sparsity=0.95"
    names = [cell.name for cell in runs().cells() if cell.kind == "compare"]
    missing = [name for name in names if name.startswith("compare/mobilenet-small/") and name.endswith(lacking)]
    assert missing
    assert "Magnitude (sparsity 0.95) changes" in counts.farthest(study_of())
    said = counts.farthest(study_of(states=dict.fromkeys(missing, "missing"), models=("resnet8", "mobilenet-small")))
    assert said and "Magnitude (sparsity 0.95)" not in said
    assert said.endswith("times as much as another seed, on average over 2 networks.")


def test_of_one_network_nothing_is_averaged(study_of):
    said = counts.farthest(study_of(models=("resnet8",)))
    assert said.startswith("By CKA, ") and said.endswith("times as much as another seed.")
