"""Sizes that papers print, from shapes through representations and the packed file."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import torch
import torchvision
from torch import nn

from bench.footprint.compressed import Compressed
from bench.footprint.fold import merge
from bench.footprint.packed import pack, sizes, unpack
from bench.footprint.representation import Codebook

CHECKPOINT = Path(os.environ.get("BENCH_DATA") or "/nonexistent") / "pqf" / "resnet18.pth"


def _codebook(weight: torch.Tensor, length: int, words: int) -> Codebook:
    rows = weight.shape[0]
    columns = weight[0].numel() // length
    words = min(words, 2 ** int(np.log2(rows * columns / 4)))
    rng = np.random.default_rng(0)
    codebook = rng.standard_normal((words, length)).astype(np.float16)
    return Codebook(rng.integers(0, words, (rows, columns)), codebook, tuple(weight.shape))


def _quantized(name: str, large: bool, classifier: int) -> Compressed:
    """Permute, Quantize, Fine-tune (Martinez et al., 2021): all but the first convolution in words of a codebook."""
    network = getattr(torchvision.models, name)().eval()
    stored = {}
    for layer_name, layer in network.named_modules():
        if isinstance(layer, nn.Conv2d) and layer_name != "conv1":
            pointwise = layer.kernel_size == (1, 1)
            length = (8 if large and name == "resnet50" else 4) if pointwise else (18 if large else 9)
            stored[f"{layer_name}.weight"] = _codebook(layer.weight, length, 256)
        elif isinstance(layer, nn.Linear):
            stored[f"{layer_name}.weight"] = _codebook(layer.weight, 4, classifier)
    for weight, representation in stored.items():
        network.get_parameter(weight).data = torch.from_numpy(representation.decode())
    return merge(Compressed(network, representations=stored))


@pytest.mark.parametrize(
    ("name", "large", "classifier", "mebibytes"),
    [
        ("resnet18", False, 2048, 1.54),
        ("resnet18", True, 2048, 1.03),
        ("resnet50", False, 1024, 5.09),
        ("resnet50", True, 1024, 3.19),
    ],
)
def test_product_quantization(name, large, classifier, mebibytes):
    payload = sizes(pack(_quantized(name, large, classifier), {})).payload_bytes
    assert round(payload / 2**20, 2) == mebibytes
    if (name, large) == ("resnet18", False):
        assert payload == 1_615_904


@pytest.mark.skipif(not CHECKPOINT.is_file(), reason="BENCH_DATA has no pqf/resnet18.pth")
def test_the_published_checkpoint():
    published = torch.load(CHECKPOINT, weights_only=True, map_location="cpu")
    published = published.get("model", published)
    network = torchvision.models.resnet18().eval()
    state, stored = network.state_dict(), {}
    for name, tensor in published.items():
        layer = name.removesuffix(".codes_matrix")
        if layer != name:
            codes = tensor.to(torch.int64).numpy() & 0xFFFF
            weight = f"{layer}.weight"
            codebook = published[f"{layer}.codebook"].numpy()
            stored[weight] = Codebook(codes, codebook, tuple(state[weight].shape))
            state[weight].copy_(torch.from_numpy(stored[weight].decode()))
        elif name in state:
            state[name].copy_(tensor)
    merged = merge(Compressed(network, representations=stored))
    packed = pack(merged, {"name": "torchvision:resnet18"})
    assert sizes(packed).payload_bytes == 1_615_904
    read = unpack(packed, torchvision.models.resnet18())
    x = torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        assert torch.equal(read(x), merged.network(x))
        assert torch.allclose(read(x), network(x), rtol=1e-4, atol=1e-5)
