import torch

from bench.compress import variant
from bench.compress.filters import widths
from bench.compress.methods.str import Str
from bench.compress.pruning.masking import global_magnitude, prunable


def zeros(network):
    return sum(int((weight == 0).sum()) for weight in prunable(network).values())


def total(network):
    return sum(weight.numel() for weight in prunable(network).values())


def test_the_sparsity_that_was_asked_for_is_met_by_a_search(compressed, workbench, through_a_file, caplog):
    caplog.set_level("INFO")
    result = Str(0.7, trials=4)(compressed, workbench)
    network = through_a_file(result)
    assert zeros(network) == int(0.7 * total(network))
    assert workbench.trained == 4
    assert variant.parse("str:trials=4").budget(2, 30).trained == 120
    # the search comes near by itself
    taken = float(caplog.messages[-1].partition("the network of ")[2].split()[0])
    assert 0.68 < taken <= 0.7
    assert [name for name, _ in result.network.named_parameters()] == [
        name for name, _ in compressed.network.named_parameters()
    ]


def test_what_comes_out_of_one_training_is_taken_as_it_is(compressed, workbench, through_a_file):
    sparse, sparser = (Str(initial=start, decay=0.1)(compressed, workbench) for start in (-4.0, -2.0))
    assert 0 < zeros(sparse.network) < zeros(sparser.network)
    for result in (sparse, sparser):
        for name, mask in result.masks.items():
            assert torch.equal(result.network.get_parameter(name) != 0, mask)
    through_a_file(sparser)
    assert workbench.trained == 2
    assert variant.parse("str:decay=0.1").budget(2, 30).trained == 30


def test_without_a_step_the_smallest_weights_go(compressed, workbench):
    workbench.train = lambda network, **options: ()
    masks = Str(0.5)(compressed, workbench).masks
    expected = global_magnitude(compressed.network, 0.5)
    assert all(torch.equal(mask, expected[name]) for name, mask in masks.items())


def test_a_payload_is_met(compressed, workbench):
    result = variant.parse("str:bytes=50%").apply(compressed, workbench)
    assert 0.45 < widths.payload(result) / widths.payload(compressed) <= 0.5
