import torch

from bench.diagnose.diagnostics.conductance import Conductance


def test_same_network_agrees_exactly_and_a_random_one_does_not(networks, probe):
    found = Conductance(images=6)(networks, probe)
    assert found.metrics["spearman.compressed"] == 1.0
    assert found.metrics["spearman.random-weights"] < 0.7
    assert found.arrays["spearman.compressed"].shape == (2, 6)
    assert found.arrays["conductance.compressed.second"].shape == (12,)


def test_layers_of_another_width_are_noted_and_not_compared(networks, make_network, probe):
    found = Conductance(images=4)({**networks, "compressed": make_network(0, width=5)}, probe)
    assert found.metrics["spearman.compressed"] is None
    assert sum("of compressed at" in note for note in found.notes) == 2


def test_a_layer_that_is_missing_is_noted(networks, probe):
    found = Conductance(images=4)({**networks, "compressed": torch.nn.Sequential(torch.nn.Flatten())}, probe)
    assert "no module first, second" in found.notes[0]
    assert "spearman.compressed" not in found.metrics


def test_quantised_dead_and_missing(networks, quantized, dead, probe):
    found = Conductance(images=4)({"original": networks["original"], "compressed": quantized}, probe)
    assert found.metrics["spearman.compressed"] > 0.8 < found.metrics["spearman.compressed-bypassed"]
    assert Conductance(images=4)({**networks, "compressed": dead}, probe).metrics["spearman.compressed"] is None
    assert "no original" in Conductance()({"compressed": dead}, probe).notes[0]
