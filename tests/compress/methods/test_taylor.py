import pytest
import torch

from bench.compress.filters import importance, thinning
from bench.compress.methods.taylor import Taylor


@pytest.mark.parametrize("form", ["gate", "weight", "group"])
def test_each_form_scores_by_its_formula(form, tiny, compressed, workbench):
    groups = thinning.prunable(compressed, (), "all")
    engine = {"gate": importance.gates, "weight": importance.weights, "group": importance.group_products}[form]
    scores = Taylor(form=form, images=32, batch_size=16).score(tiny, groups, workbench)
    assert all(map(torch.equal, scores, engine(tiny, groups, workbench, 32, 16)))
    assert not torch.equal(scores[0], Taylor(form=form, images=16, batch_size=16).score(tiny, groups, workbench)[0])
