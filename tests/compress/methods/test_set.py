import torch

from bench.compress import variant


def test_weights_grow_elsewhere_than_by_the_gradient(compressed, workbench):
    grown, steepest = (variant.parse(f"{name}:interval=1").apply(compressed, workbench) for name in ("set", "rigl"))
    again = variant.parse("set:interval=1").apply(compressed, workbench)
    assert all(torch.equal(mask, again.masks[name]) for name, mask in grown.masks.items())
    assert not all(torch.equal(mask, steepest.masks[name]) for name, mask in grown.masks.items())
