import torch

from bench.compress.methods.group_magnitude import GroupMagnitude


def test_the_channels_with_the_smallest_scores_go(compressed, workbench):
    workbench.finetune = lambda network, **_: ()
    channels = compressed.network.block
    result = GroupMagnitude(ratio=0.5, target="channels", scope="layer", channels="inside", power=1)(
        compressed, workbench
    )
    sums = [
        channels.conv1.weight.abs().sum((1, 2, 3)),
        channels.bn1.weight.abs(),
        channels.conv2.weight.abs().sum((0, 2, 3)),
    ]
    kept = torch.stack(sums).mean(0).argsort()[4:].sort().values
    assert torch.equal(result.network.block.conv1.weight, channels.conv1.weight[kept])
