"""A network two of whose convolutions are one tensor: each method stores it once, or refuses."""

import io

import pytest
import torch
from torch import nn

from bench import registry
from bench.compress.method import NotApplicable
from bench.compress.variant import PACKAGE, parse
from bench.compress.without_data import WithoutData
from bench.footprint.compressed import Compressed
from bench.footprint.fold import finish
from bench.footprint.packed import pack, sizes, unpack

STRUCTURED = ("group-magnitude", "taylor", "fisher", "fpgm", "hrank", "slimming", "group-norm", "growing-reg")
REFUSED = {
    "adaround": "has the inputs of several layers or calls",
    "brecq": "has the inputs of several layers or calls",
    "equalize": "no layer of it reads another one through ReLU alone",
    "gptq": "has the inputs of several layers or calls",
    "mixed-precision": "has the inputs of several layers or calls",
    "obc": "has the inputs of several layers or calls",
    "obs-prune": "has the inputs of several layers or calls",
    "codebook-finetune": "none of its weights is made of a codebook's words",
    "deep-compression": "one tensor, which cannot be trained as words",
    "li": "its layers share weights",
    "thinet": "its layers share weights",
    "random-filters": "its layers share weights",
    **dict.fromkeys(STRUCTURED, "its layers share weights"),
    "shuffled": "no method before it has pruned weights or channels",
}
QUICK = ("original", "import", "int8-per-channel", "magnitude", "svd", "small-dense", "xnor-net", "k-bit", *REFUSED)


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second, self.third = nn.Conv2d(3, 16, 3), nn.Conv2d(16, 16, 3), nn.Conv2d(16, 16, 3)
        self.third.weight = self.second.weight
        self.norms = nn.ModuleList(nn.BatchNorm2d(16) for _ in range(3))
        self.relus = nn.ModuleList(nn.ReLU() for _ in range(3))
        self.pool, self.fc = nn.AdaptiveAvgPool2d(1), nn.Linear(16, 10)

    def forward(self, x):
        for layer, norm, relu in zip((self.first, self.second, self.third), self.norms, self.relus, strict=True):
            x = relu(norm(layer(x)))
        return self.fc(torch.flatten(self.pool(x), 1))


def made():
    torch.manual_seed(0)
    return Tied().eval()


def elsewhere(_):
    buffer = io.BytesIO()
    torch.save(made().state_dict(), buffer)
    return "tied.pt", buffer.getvalue()


METHODS = [pytest.param(name, marks=() if name in QUICK else pytest.mark.slow) for name in registry.names(PACKAGE)]


@pytest.mark.parametrize("method", METHODS)
def test_a_tied_weight_is_stored_once_or_refused(method):
    workbench = WithoutData(f"{__name__}:made", 3, 10, 16)
    workbench.file = elsewhere
    start = Compressed(made(), example=workbench.example)
    if method in REFUSED:
        with pytest.raises(NotApplicable, match=REFUSED[method]):
            parse(method).apply(start, workbench)
        return
    compressed = finish(parse(method).apply(start, workbench))
    packed = pack(compressed, {})
    read = unpack(packed, made())
    layers = {layer.name for layer in sizes(packed).layers}
    assert any(name.startswith("second.") and name.endswith("weight") for name in layers)
    assert not layers & {"third.weight", "third.layer.weight"}
    second, third = (getattr(read, name) for name in ("second", "third"))
    assert getattr(second, "layer", second).weight is getattr(third, "layer", third).weight
    images = torch.randn(2, 3, 16, 16, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        torch.testing.assert_close(read(images), compressed.network.eval()(images), rtol=1e-5, atol=1e-5)
    if method == "small-dense":
        full = sizes(pack(finish(start), {})).payload_bytes
        assert sizes(packed).payload_bytes <= full / 4
