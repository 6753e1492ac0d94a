import numpy as np

from bench.cli import _sizes
from bench.compress.methods.k_means import KMeans
from bench.compress.methods.pqf import Pqf
from bench.compress.variant import parse
from bench.compress.without_data import Subject
from bench.footprint.packed import pack, sizes


def test_it_takes_the_bytes_of_pqf(compressed, workbench, through_a_file):
    plain, annealed = KMeans()(compressed, workbench), Pqf(iterations=2, swaps=10)(compressed, workbench)
    assert sizes(pack(plain, {})).payload_bytes == sizes(pack(annealed, {})).payload_bytes
    through_a_file(plain)


def test_nothing_is_permuted(compressed, workbench):
    workbench.finetune = lambda network, **_: ()
    result = KMeans(words=2)(compressed, workbench)
    codes = result.representations["fc.weight"].codes
    original = compressed.network.fc.weight.detach().numpy().reshape(-1, 4)
    words = result.representations["fc.weight"].codebook.astype(np.float32)
    nearest = ((original[:, None] - words) ** 2).sum(2).argmin(1)
    assert np.array_equal(nearest, codes.reshape(-1))


def test_footprint():
    assert _sizes.footprint(Subject("resnet8", parse("k-means:iterations=2")))["payload_bytes"] > 0
