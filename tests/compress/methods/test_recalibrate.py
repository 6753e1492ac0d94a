from copy import deepcopy

import pytest
import torch
from torch import nn

from bench.compress import variant
from bench.compress.method import NotApplicable
from bench.compress.methods.int8_per_tensor import Int8PerTensor
from bench.compress.methods.k_bit import KBit
from bench.compress.methods.magnitude import Magnitude
from bench.compress.methods.recalibrate import Recalibrate
from bench.compress.pruning.masking import prunable
from bench.footprint.compressed import Compressed
from bench.footprint.fold import finish
from bench.footprint.packed import pack, sizes, unpack


def means(network):
    return {name: tensor for name, tensor in network.state_dict().items() if name.endswith("running_mean")}


def test_statistics_are_those_of_the_pruned_network(compressed, workbench, through_a_file):
    pruned = Magnitude(0.8)(compressed, workbench)
    result = Recalibrate(images=128)(pruned, workbench)
    through_a_file(finish(result))
    seen = result.network.conv(next(workbench.batches(128))[0])
    torch.testing.assert_close(result.network.bn.running_mean, seen.mean((0, 2, 3)).detach())
    assert not torch.allclose(result.network.bn.running_mean, pruned.network.bn.running_mean)
    assert result.masks is pruned.masks
    assert prunable(result.network).keys() == prunable(pruned.network).keys()


def test_the_network_given_stays(compressed, workbench):
    before = deepcopy(compressed.network.state_dict())
    Recalibrate()(compressed, workbench)
    assert all(torch.equal(before[name], tensor) for name, tensor in compressed.network.state_dict().items())


def test_weights_rounded_per_filter_keep_their_codes_and_their_bytes(compressed, workbench, through_a_file):
    rounded = KBit(2)(compressed, workbench)
    again = finish(Recalibrate()(rounded, workbench))
    network = through_a_file(again)
    before = finish(rounded)
    for name, stored in before.representations.items():
        assert torch.equal(torch.as_tensor(stored.codes), torch.as_tensor(again.representations[name].codes))
    payloads = [sizes(pack(one, {})).payload_bytes for one in (before, again)]
    assert payloads[0] == payloads[1]
    batch = next(workbench.batches(128))[0]
    target = Recalibrate()(Compressed(rounded.network, example=workbench.example), workbench).network(batch)
    torch.testing.assert_close(network(batch), target, rtol=1e-4, atol=1e-4)
    assert not torch.allclose(before.network(batch), target, rtol=1e-2, atol=1e-2)


def test_a_rest_that_is_no_whole_batch_is_left_out(compressed, workbench):
    rest, without = (Recalibrate(images)(compressed, workbench).network for images in (130, 128))
    assert all(torch.equal(tensor, means(without)[name]) for name, tensor in means(rest).items())
    few = Recalibrate(images=5)(compressed, workbench).network
    assert not torch.equal(few.bn.running_mean, without.bn.running_mean)


def test_nothing_to_take_again_is_said(compressed, workbench):
    with pytest.raises(NotApplicable, match="has folded batch normalisation"):
        Recalibrate()(Int8PerTensor()(compressed, workbench), workbench)
    plain = Compressed(nn.Sequential(nn.Flatten(), nn.Linear(192, 4)).eval(), example=workbench.example)
    with pytest.raises(NotApplicable, match="no batch normalisation with running statistics"):
        Recalibrate()(plain, workbench)


def test_one_image_is_refused(compressed, workbench):
    workbench.batches = lambda images, batch_size=128: iter([(torch.zeros(1, 3, 8, 8), torch.zeros(1))])
    with pytest.raises(NotApplicable, match="one training image"):
        Recalibrate()(compressed, workbench)


def test_it_is_the_second_half_of_a_chain():
    chain = variant.parse("magnitude:sparsity=0.8+recalibrate")
    assert (chain.family, chain.title) == ("pruning", "Magnitude (sparsity 0.8) + BN recalibration")


def test_dropout_stays_off_though_the_network_comes_in_training_mode(workbench):
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Dropout(0.5), nn.BatchNorm2d(4)).train()
    found = Recalibrate(images=256)(Compressed(network, example=workbench.example), workbench).network
    batches = [network[0](images) for images, _ in workbench.batches(256)]
    torch.testing.assert_close(found[2].running_mean, torch.stack([one.mean((0, 2, 3)) for one in batches]).mean(0))


def test_statistics_in_half_precision_are_stored_as_they_are_taken(workbench):
    class Shared(nn.Module):
        """A normalisation in two places, which is not folded."""

        def __init__(self):
            super().__init__()
            self.conv, self.norm, self.fc = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Linear(144, 4)
            self.again = self.norm

        def forward(self, x):
            return self.fc(self.again(self.norm(self.conv(x))).flatten(1))

    torch.manual_seed(0)
    network = Shared().eval()
    result = variant.parse("float16+recalibrate").apply(Compressed(network, example=workbench.example), workbench)
    read = unpack(pack(finish(result), {}), Shared())
    assert torch.equal(read.norm.running_var, result.network.norm.running_var)
    assert not torch.equal(read.norm.running_var, read.norm.running_var.half().float())
