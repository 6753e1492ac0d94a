import torch

from bench.compress.methods.hrank import Hrank


def test_maps_of_low_rank_go(compressed, workbench):
    workbench.finetune = lambda network, **_: ()
    norm = compressed.network.block.bn1
    with torch.no_grad():
        norm.bias[2:4] = -100.0  # nothing passes the activation: rank 0
    result = Hrank(ratio=2 / 8, target="channels", channels="inside", images=16)(compressed, workbench)
    assert torch.equal(result.network.block.bn1.bias, norm.bias[[0, 1, 4, 5, 6, 7]])
