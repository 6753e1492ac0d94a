import pytest
import torch
from torch import nn

from bench.diagnose import networks as instruments
from bench.diagnose.networks import Version, bypassed, quantizers, read_from
from bench.errors import InputError

FUNCTIONAL = "a block without a rectifier of its own"


def test_still_and_as_before(make_network):
    network = make_network(inplace=True).train()
    network.first.bn.eval()
    network.fc.weight.requires_grad_(False)
    with pytest.raises(RuntimeError), instruments.still(network):
        assert not network.training and not network.first.relu.inplace
        assert not any(parameter.requires_grad for parameter in network.parameters())
        raise RuntimeError
    assert network.training and network.first.relu.inplace and not network.first.bn.training
    assert [name for name, p in network.named_parameters() if not p.requires_grad] == ["fc.weight"]


def test_versions_are_in_order_and_quantised_ones_twice(networks, quantized):
    names = [version.name for version in instruments.versions({**networks, "compressed": quantized})]
    assert names == ["original", "compressed", "compressed-bypassed", "other-seed", "random-weights"]
    found = instruments.unquantized_versions({**networks, "compressed": quantized})
    assert [(version.role, version.bypasses) for version in found][:2] == [("original", False), ("compressed", True)]


def test_bypassing_takes_the_rounding_of_feature_maps_away_and_gives_it_back(quantized, probe):
    def distinct():
        with torch.no_grad():
            return len(instruments.outputs(quantized, ["first"], probe.images)["first"].unique())

    assert len(quantizers(quantized)) > 0
    assert distinct() <= 256
    with pytest.raises(RuntimeError), bypassed(quantized):
        assert distinct() > 256
        raise RuntimeError
    assert distinct() <= 256


def test_weights_stay_quantised_when_feature_maps_are_by_passed(quantized, make_network, probe):
    with torch.no_grad(), bypassed(quantized):
        difference = (quantized(probe.images) - make_network(0)(probe.images)).abs().max()
    assert difference > 1e-6


def test_plain_networks_have_nothing_to_bypass(make_network):
    assert quantizers(make_network()) == []


def test_deepest_map_has_enough_positions(make_network, make_probe):
    network, layers = make_network(), ("first", "second")
    assert instruments.deepest_map(network, layers, make_probe(size=8).images) == "second"
    assert instruments.deepest_map(network, layers, make_probe(size=6).images) == "first"
    assert instruments.deepest_map(network, layers, make_probe(size=2).images) == "first"
    assert instruments.deepest_map(network, layers, make_probe(size=1).images) == ""


def test_missing_and_silent_layers(make_network, probe):
    network = make_network()
    network.unused = nn.ReLU()
    with pytest.raises(LookupError, match="no module nowhere"):
        instruments.outputs(network, ["nowhere"], probe.images)
    with pytest.raises(LookupError, match="never calls unused"):
        instruments.outputs(network, ["unused"], probe.images)


def test_seeded_draws_the_same_and_leaves_the_generator_alone():
    state = torch.random.get_rng_state()
    draws = []
    for _ in range(2):
        with instruments.seeded(3):
            draws.append(torch.randn(4))
    assert torch.equal(*draws)
    assert torch.equal(torch.random.get_rng_state(), state)


@pytest.mark.parametrize(
    ("give", "said"),
    [(lambda x: {"out": x}, "a dict: expected"), (lambda x: x, r"\(2, 3, 4, 4\): expected logits, \(2, classes\)")],
)
def test_what_gives_no_logits_is_told_so(give, said):
    class Other(nn.Module):
        def forward(self, x):
            return give(x)

    with pytest.raises(InputError, match=f"Other gives .*{said}"):
        instruments.answers(Other(), torch.zeros(2, 3, 4, 4))


def counting(version):
    computed = []
    return [version.once(lambda: computed.append(1) or len(computed), "what") for _ in range(2)]


def test_only_what_comes_from_a_file_is_computed_once(make_network):
    assert counting(Version("original", "original", make_network(0))) == [1, 2]
    assert counting(Version("original", "original", read_from(make_network(0), "abc"))) == [1, 1]


def test_another_file_device_bypass_or_question_is_another_result(make_network):
    def answer(*file, bypasses=False, key="what"):
        version = Version("original", "original", read_from(make_network(0), *file), bypasses)
        return version.once(lambda: (file, bypasses, key), key)

    expected = [(("abc",), False, "what"), (("abd",), False, "what"), (("abc", "cuda"), False, "what")]
    assert [answer("abc"), answer("abd"), answer("abc", "cuda")] == expected
    assert answer("abc", bypasses=True)[1] and answer("abc", key="why")[2] == "why"
    assert answer("abc") == expected[0]


def test_quantisers_behind_activations_in_place_stay(make_network, probe):
    from bench.nncf_runtime import nncf

    from torch.utils.data import DataLoader

    loader = DataLoader(probe.images, batch_size=6)
    network = nncf.quantize(make_network(0, inplace=True), nncf.Dataset(loader), subset_size=2).eval()
    with torch.no_grad():
        expected = network(probe.images)
        with instruments.still(network):
            assert torch.equal(network(probe.images), expected)
            seen = instruments.outputs(network, ["first.bn", "first.relu"], probe.images)
    assert seen["first.bn"].min() < 0 and len(seen["first.relu"].unique()) <= 256
    assert network.first.relu.inplace and not network.first.relu._forward_pre_hooks
    instruments.check_in_place(network, probe.images[:1])
