import torch

from bench.compress.methods.fpgm import Fpgm


def test_the_channels_with_the_smallest_scores_go(compressed, workbench):
    workbench.finetune = lambda network, **_: ()
    weight = compressed.network.block.conv1.weight
    result = Fpgm(ratio=0.5, target="channels", scope="layer", channels="inside")(compressed, workbench)
    distances = (weight[:, None] - weight[None]).double().flatten(2).norm(dim=2).sum(1)
    kept = distances.argsort()[4:].sort().values
    assert torch.equal(result.network.block.conv1.weight, weight[kept])


def test_opposite_filters_are_no_twins(compressed, workbench):
    workbench.finetune = lambda network, **_: ()
    weight = compressed.network.block.conv1.weight
    with torch.no_grad():
        weight[1] = -weight[0]
        weight[3] = weight[2]  # twins, though not small ones
        weight[2:4] *= 2
    result = Fpgm(ratio=1 / 8, target="channels", channels="inside", least=0)(compressed, workbench)
    distances = (weight[:, None] - weight[None]).double().flatten(2).norm(dim=2).sum(1)
    gone = ({*range(8)} - {*result.structure[-1]["groups"][0]["kept"]}).pop()
    assert gone == int(distances.argmin())
