from __future__ import annotations

import torch

from bench.compress.methods.grasp import Grasp
from bench.compress.pruning import class_images, scores


def test_the_weights_whose_removal_raises_the_gradients_flow_most_go(compressed, workbench):
    workbench.train = lambda network, **options: ()
    batches = class_images.batches(compressed.network, workbench, 25)
    score = scores.gradient_flow(compressed.network, workbench.loss, batches, 200.0)
    masks = Grasp(0.3)(compressed, workbench).masks
    gone = torch.cat([score[name][~mask] for name, mask in masks.items()])
    kept = torch.cat([score[name][mask] for name, mask in masks.items()])
    assert gone.max() <= kept.min()
    assert gone.max() < 0 < kept.max()  # signs matter: it is no magnitude


def test_the_temperature_matters(compressed, workbench):
    workbench.train = lambda network, **options: ()
    cold, hot = (Grasp(0.5, temperature=value)(compressed, workbench).masks for value in (0.1, 200.0))
    assert any(not torch.equal(cold[name], hot[name]) for name in cold)
