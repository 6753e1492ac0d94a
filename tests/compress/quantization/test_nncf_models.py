import re
import subprocess
import sys
from copy import deepcopy
from pathlib import Path

import bench.nncf_runtime

import numpy as np
import pytest
import torch
from torch import nn

from bench.compress.method import NotApplicable
from bench.compress.methods.lsq import Lsq
from bench.compress.methods.magnitude import Magnitude
from bench.compress.methods.nncf_int8_ptq import NncfInt8Ptq
from bench.compress.methods.nncf_int8_qat import NncfInt8Qat
from bench.compress.methods.nncf_magnitude import NncfMagnitude
from bench.compress.methods.xnor_net import XnorNet
from bench.compress.quantization import nncf_models
from bench.compress.without_data import WithoutData
from bench.footprint.compressed import Compressed
from bench.footprint.fold import finish
from bench.footprint.packed import pack, sizes, unpack
from bench.footprint.representation import Integer

WEIGHTS = ["conv.weight", "block.conv1.weight", "block.conv2.weight", "fc.weight"]


def test_weights_are_integers_of_the_width_asked_for(compressed, workbench):
    for bits in (8, 4, 2):
        result = NncfInt8Ptq(weight_bits=bits, calibration=32)(compressed, workbench)
        for name in WEIGHTS:
            codes = result.representations[name].codes
            assert np.abs(codes).max() == 2 ** (bits - 1) - 1
            torch.testing.assert_close(
                result.network.get_parameter(name).detach(),
                torch.from_numpy(result.representations[name].decode()),
                rtol=0,
                atol=0,
            )


@pytest.mark.parametrize("bits", [8, 4])
def test_weights_of_a_normalisation_that_are_never_negative_take_codes_from_zero(workbench, bits):
    layers = [nn.Conv2d(3, 8, 3), nn.Flatten(2), nn.LayerNorm(36), nn.Flatten(), nn.Linear(288, 4)]
    network = nn.Sequential(*layers).eval()
    with torch.no_grad():
        network[2].weight.uniform_(0.5, 1.5)
    result = NncfInt8Ptq(weight_bits=bits, calibration=32)(Compressed(network, example=workbench.example), workbench)
    codes = result.representations["2.weight"].codes
    assert codes.min() >= 0
    assert codes.max() == 2**bits - 1
    step = network[2].weight.max().item() / (2**bits - 1)
    packed = unpack(pack(result, {"name": "normalised"}), deepcopy(network))
    torch.testing.assert_close(packed[2].weight, network[2].weight, rtol=0, atol=0.51 * step)


def test_feature_maps_are_rounded_to_at_most_256_values(compressed, workbench, through_a_file):
    network = through_a_file(NncfInt8Ptq(calibration=32)(compressed, workbench))
    seen = []
    network.block.register_forward_hook(lambda module, inputs, output: seen.append(output))
    network(next(workbench.batches(16))[0])
    assert 2 < len(seen[0].unique()) <= 256


def test_eight_bits_stay_close_and_two_bits_do_not(compressed, workbench):
    images = next(workbench.batches(64))[0]
    expected = compressed.network(images)

    def error(bits):
        return (NncfInt8Ptq(weight_bits=bits, calibration=64)(compressed, workbench).network(images) - expected).std()

    assert error(8) < 0.05 * expected.std() < error(2)


def test_training_through_the_rounding_comes_back_from_the_file(compressed, workbench, through_a_file):
    result = NncfInt8Qat(calibration=32)(compressed, workbench)
    assert workbench.finetuned == 1
    assert result.activation_bits == 8
    through_a_file(result)


@pytest.mark.parametrize("method", [NncfInt8Ptq, NncfInt8Qat])
def test_pruned_weights_stay_at_zero(method, compressed, workbench):
    pruned = Magnitude(0.8)(compressed, workbench)
    result = method(calibration=32)(pruned, workbench)
    for name, mask in pruned.masks.items():
        assert not result.representations[name].codes[~mask.numpy()].any()


@pytest.mark.parametrize(
    "method", [NncfInt8Ptq(calibration=32), NncfInt8Qat(calibration=32), NncfMagnitude(0.5)], ids=repr
)
def test_a_plain_sequence_of_layers_carries_the_hooks(method, workbench):
    layers = [torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4), torch.nn.ReLU(), torch.nn.Flatten()]
    network = torch.nn.Sequential(*layers, torch.nn.Linear(144, 10)).eval()
    fresh, images = deepcopy(network), next(workbench.batches(8))[0]
    finished = finish(method(Compressed(network, example=images[:1]), workbench))
    found = unpack(pack(finished, {"name": "plain"}), fresh).eval()
    torch.testing.assert_close(found(images), finished.network(images), rtol=1e-5, atol=1e-5)
    assert type(network) is torch.nn.Sequential and len(network) == 5


class Attention(torch.nn.Module):
    """As in transformers, the weights of an inner layer are given to a function."""

    def __init__(self):
        super().__init__()
        self.inner = torch.nn.Linear(8, 8)

    def forward(self, images):
        return torch.nn.functional.linear(images, self.inner.weight)


def test_weights_that_functions_compute_with_are_integers_too(workbench):
    network = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 1), Attention(), torch.nn.Flatten(), torch.nn.Linear(256, 3))
    result = NncfInt8Ptq(calibration=32)(Compressed(network.eval()), workbench)
    assert set(result.representations) == {"0.weight", "1.inner.weight", "3.weight"}


class Standardised(torch.nn.Conv2d):
    """Computes its weight from its parameter at every pass."""

    def forward(self, images):
        return torch.nn.functional.conv2d(images, self.weight - self.weight.mean((1, 2, 3), keepdim=True))


def test_weights_that_are_computed_at_every_pass_stay_as_they_are(workbench):
    network = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 1), Standardised(4, 4, 3), torch.nn.ReLU())
    result = NncfInt8Ptq(calibration=32)(Compressed(network.eval()), workbench)
    assert set(result.representations) == {"0.weight"}
    torch.testing.assert_close(result.network[1].weight, network[1].weight)


ADDITIONS = {
    "x + y": lambda x, y: x + y,
    "y + x": lambda x, y: y + x,
    "y += x": lambda x, y: y.__iadd__(x),
    "torch.add": lambda x, y: torch.add(y, x),
    "function": lambda x, y: torch.add(y, torch.sigmoid(x)),
}
HOLDERS = {
    "list": (torch.nn.ModuleList, list),
    "dictionary": (
        lambda blocks: torch.nn.ModuleDict({f"b{n}": b for n, b in enumerate(blocks)}),
        lambda d: d.values(),
    ),
    "slice": (lambda blocks: torch.nn.Sequential(*blocks, torch.nn.Identity()), lambda blocks: blocks[:-1]),
}


class Residual(torch.nn.Module):
    def __init__(self, holder, add):
        super().__init__()
        hold, self.each = HOLDERS[holder]
        self.stem, self.add, self.fc = torch.nn.Conv2d(3, 4, 3), ADDITIONS[add], torch.nn.Linear(4, 4)
        layers = [torch.nn.Conv2d(4, 4, 3, padding=1, bias=False), torch.nn.BatchNorm2d(4), torch.nn.ReLU()]
        self.blocks = hold([torch.nn.Sequential(*deepcopy(layers)) for _ in range(2)])

    def forward(self, images):
        images = self.stem(images)
        for block in self.each(self.blocks):
            images = self.add(images, block(images)).relu()
        return self.fc(images.mean((2, 3)))


@pytest.mark.parametrize("method", [NncfInt8Ptq(calibration=8), NncfInt8Qat(calibration=8)], ids=repr)
@pytest.mark.parametrize(("holder", "add"), [(h, "x + y") for h in HOLDERS] + [("list", add) for add in ADDITIONS])
def test_layers_in_containers_and_every_way_to_add(holder, add, method, workbench):
    network = Residual(holder, add).eval()
    weights = {name for name, parameter in network.named_parameters() if parameter.ndim > 1}
    assert len(weights) == 4
    comes_back(method, network, workbench, weights)


class Subclass(torch.nn.Sequential):
    """Has a forward pass of its own, and looks at its layers in several ways."""

    def forward(self, images):
        for layer in self:
            images = layer(images)
        return self[-1](images) * len(self)


class BothRead(torch.nn.Module):
    """A biased convolution that batch normalisation and a shortcut read."""

    def __init__(self):
        super().__init__()
        self.conv, self.norm = torch.nn.Conv2d(3, 8, 3, bias=True), torch.nn.BatchNorm2d(8)
        self.second, self.fc = torch.nn.Conv2d(8, 8, 3, padding=1), torch.nn.Linear(8, 4)

    def forward(self, images):
        shortcut = self.conv(images)
        return self.fc((self.second(self.norm(shortcut).relu()) + shortcut).relu().mean((2, 3)))


class Tied(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.one, self.other = torch.nn.Conv2d(3, 3, 3), torch.nn.Conv2d(3, 3, 3)
        self.other.weight = self.one.weight

    def forward(self, images):
        return torch.nn.functional.pad(self.other(self.one(images).relu()).mean((2, 3)), (0, 1))


def plain():
    layers = [torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4), torch.nn.ReLU(), torch.nn.Flatten()]
    return torch.nn.Sequential(*layers, torch.nn.Linear(144, 10))


ROOTS = {
    "subclass": lambda: Subclass(*plain(), torch.nn.Identity()),
    "both read": BothRead,
    "tied": Tied,
    "fx": lambda: torch.fx.symbolic_trace(plain()),
}


@pytest.mark.parametrize("method", [NncfInt8Ptq(calibration=8), NncfInt8Qat(calibration=8)], ids=repr)
@pytest.mark.parametrize("root", ROOTS)
def test_roots_of_every_kind(root, method, workbench):
    network = ROOTS[root]().eval()
    weights = {name for name, parameter in network.named_parameters() if parameter.ndim > 1}
    if root == "tied" and method.finetunes:
        with pytest.raises(NotApplicable, match=r"rounds one\.weight in 2 ways"):
            comes_back(method, network, workbench, weights)
    else:
        comes_back(method, network, workbench, weights)


@pytest.mark.parametrize("method", [NncfInt8Ptq(calibration=8), NncfInt8Qat(calibration=8)], ids=repr)
def test_normalisation_without_running_statistics_is_refused_by_name(method, workbench):
    network = plain()
    network[1] = torch.nn.BatchNorm2d(4, track_running_stats=False)
    with pytest.raises(NotApplicable, match=r"^1 normalises by each batch's own statistics"):
        method(Compressed(network.eval(), example=workbench.example), workbench)


def comes_back(method, network, workbench, weights):
    fresh, images = deepcopy(network), next(workbench.batches(8))[0]
    finished = finish(method(Compressed(network, example=images[:1]), workbench))
    assert set(finished.representations) == weights
    found = unpack(pack(finished, {"name": "brought"}), fresh).eval()
    torch.testing.assert_close(found(images), finished.network(images), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("method", [NncfInt8Ptq, NncfInt8Qat])
@pytest.mark.parametrize("before", [NncfInt8Ptq(calibration=32), Lsq(activation_bits=4), XnorNet()], ids=repr)
def test_what_is_quantised_is_not_quantised_again(method, before, compressed, workbench):
    once = before(compressed, workbench)
    with pytest.raises(NotApplicable, match="feature maps are quantised already"):
        method(calibration=32)(once, workbench)


def test_transposed_convolutions_are_refused_whose_scales_lie_along_the_second_axis(workbench):
    layers = [torch.nn.Conv2d(3, 8, 3), torch.nn.ReLU(), torch.nn.ConvTranspose2d(8, 8, 2, stride=2), torch.nn.ReLU()]
    network = torch.nn.Sequential(*layers, torch.nn.Flatten(), torch.nn.Linear(1152, 10))
    with pytest.raises(NotApplicable, match=r"2\.weight with a scale for each of its second axis"):
        NncfInt8Ptq(calibration=32)(Compressed(network.eval()), workbench)


def test_payload_is_a_byte_a_weight_and_a_float_a_scale(compressed, workbench):
    result = finish(NncfInt8Ptq(calibration=32)(compressed, workbench))
    weights = sum(result.network.get_parameter(name).numel() for name in WEIGHTS)
    channels = sum(result.network.get_parameter(name).shape[0] for name in WEIGHTS)
    quantizers = sum("scale" in name for name, _ in result.network.state_dict().items())
    biases = channels  # batch normalisation is folded into them
    assert sizes(pack(result, {"name": "tiny"})).payload_bytes == weights + 4 * (channels + biases + quantizers)


def test_nncf_is_imported_behind_one_door():
    door = Path(bench.nncf_runtime.__file__)
    for path in door.parent.rglob("*.py"):
        lines = path.read_text(encoding="utf-8").splitlines()
        imports = [number for number, line in enumerate(lines) if re.match(r"(import|from) nncf", line)]
        if imports and path != door:
            assert any("from bench.nncf_runtime import" in line for line in lines[: imports[0]]), path.name


def test_nncf_comes_without_telemetry_and_without_a_compiler():
    code = (
        "from bench.nncf_runtime import nncf; import sys, torch;"
        "from nncf.torch.quantization import extensions as e;"
        "assert sys.modules['openvino_telemetry'] is None;"
        "assert e.QuantizedFunctionsCPU.get('Quantize_forward').__self__.__class__.__name__ == 'ReferenceQuantize'"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.slow
def test_detectors_keep_coordinates_and_what_reads_regions_in_float32():
    bench = WithoutData("maskrcnn-resnet18", 3, 5, 32)
    start = Compressed(bench.fresh(), example=bench.example)
    result = nncf_models.calibrated(start, bench, 2, 8)
    rounded = {name for name, stored in result.representations.items() if isinstance(stored, Integer)}
    left = {name for name, weight in result.network.named_parameters() if weight.ndim > 1} - rounded
    assert all(name.startswith("roi_heads.") for name in left)
    assert {"rpn.head.conv.0.0.weight", "rpn.head.bbox_pred.weight", "backbone.fpn.layer_blocks.0.0.weight"} <= rounded
    (step,) = (step for step in result.structure if step["kind"] == "nncf-quantizers")
    hooks = [name for hook in step["config"]["compression_state"] for name in hook["hook_names_in_model"]]
    assert all("transform/" not in name and "anchor" not in name and "roi_" not in name for name in hooks)
    assert any("rpn/head/conv" in name for name in hooks)
    assert "postprocess" not in vars(result.network.transform)


def test_memory_that_runs_out_is_no_fault_of_the_network(compressed, workbench, monkeypatch):
    def quantize(*_, **__):
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 218566656 bytes.")

    monkeypatch.setattr(nncf_models.nncf, "quantize", quantize)
    with pytest.raises(RuntimeError, match="can't allocate memory"):
        NncfInt8Ptq()(compressed, workbench)
