import torch

from bench.compress.methods.li import Li
from bench.compress.methods.random_filters import RandomFilters


def test_as_many_filters_as_li_but_others(compressed, workbench, through_a_file):
    workbench.finetune = lambda network, **_: ()
    chosen, drawn = (method(0.5)(compressed, workbench) for method in (Li, RandomFilters))
    shapes = [[step for step in made.structure if step["kind"] != "channel-order"] for made in (chosen, drawn)]
    assert shapes[0] == shapes[1]
    filters = drawn.network.block.conv1.weight
    original = compressed.network.block.conv1.weight
    assert all(any(torch.equal(kept, given) for given in original) for kept in filters)
    assert not torch.equal(filters, chosen.network.block.conv1.weight)
    through_a_file(drawn)


def test_the_seed_decides(compressed, workbench):
    workbench.finetune = lambda network, **_: ()
    one, again = (RandomFilters(0.5)(compressed, workbench).network.block.conv1.weight for _ in range(2))
    workbench.seed = 1
    assert torch.equal(one, again)
    assert not torch.equal(one, RandomFilters(0.5)(compressed, workbench).network.block.conv1.weight)
