import torch

from bench.compress.methods.huffman import Huffman
from bench.compress.methods.magnitude import Magnitude
from bench.footprint.fold import finish
from bench.footprint.packed import pack, sizes


def test_the_same_network_in_fewer_bytes(compressed, workbench, through_a_file):
    pruned = Magnitude(0.9)(compressed, workbench)
    coded = Huffman()(pruned, workbench)
    assert coded.network is pruned.network
    assert sizes(pack(finish(coded), {})).payload_bytes <= sizes(pack(finish(pruned), {})).payload_bytes
    network = through_a_file(coded)
    assert torch.equal(network.fc.weight, pruned.network.fc.weight)
