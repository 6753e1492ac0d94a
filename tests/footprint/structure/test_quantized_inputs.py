from copy import deepcopy

import pytest
import torch
from torch import nn

from bench.footprint.compressed import Compressed
from bench.footprint.packed import pack, sizes, unpack
from bench.footprint.structure import rebuild, simulates
from bench.footprint.structure.quantized_inputs import InputGrid, attach, detach, rounded, step, widths

ONE = torch.ones(1)


def test_unsigned_and_signed_grids_by_hand():
    x = torch.tensor([-9.0, -1.2, -0.4, 0.5, 0.6, 2.4, 3.2, 9.0])
    assert rounded(x, ONE, 0, 3).tolist() == [0, 0, 0, 0, 1, 2, 3, 3]
    assert rounded(x, 2 * ONE, -2, 1).tolist() == [-4, -2, 0, 0, 0, 2, 2, 2]
    assert rounded(x, ONE, 0, 3, -ONE).tolist() == [-1, -1, 0, 1, 1, 2, 2, 2]  # the codes 0 to 3, less 1


@pytest.mark.parametrize(
    ("settings", "codes"),
    [
        ({"bits": 2}, (0, 3)),
        ({"bits": 2, "signed": True}, (-2, 1)),
        ({"bits": 8, "offset": True}, (0, 255)),
        ({"bits": 1, "limit": 1.0}, (0, 1)),
    ],
)
def test_a_grid_is_made_again_from_its_settings(settings, codes):
    grid = InputGrid(**settings)
    assert (grid.lowest, grid.highest) == codes
    assert grid.settings == settings
    assert InputGrid(**grid.settings).settings == settings


def test_a_grid_with_a_limit_stores_nothing():
    grid = InputGrid(2, limit=1.5)
    assert grid(torch.tensor([-1.0, 0.2, 0.3, 0.9, 7.0])).tolist() == pytest.approx([0, 0, 0.5, 1, 1.5])
    assert not grid.state_dict()
    assert InputGrid(2).state_dict().keys() == {"step"}
    assert InputGrid(2, offset=True).state_dict().keys() == {"step", "offset"}


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (nn.Conv1d(2, 3, 2), (1, 2, 5)),
        (nn.Conv2d(2, 4, 2, groups=2), (1, 2, 5, 5)),
        (nn.Conv3d(2, 3, 2), (1, 2, 3, 3, 3)),
        (nn.ConvTranspose1d(2, 3, 2), (1, 2, 5)),
        (nn.ConvTranspose2d(2, 4, 2, stride=2, groups=2), (1, 2, 5, 5)),
        (nn.ConvTranspose3d(2, 3, 2), (1, 2, 3, 3, 3)),
        (nn.Linear(5, 3), (1, 4, 5)),
    ],
)
def test_a_layer_reads_what_is_rounded(layer, shape):
    x = torch.randn(shape)
    plain, names = deepcopy(layer), layer.state_dict().keys()
    attach(layer, InputGrid(3, signed=True))
    assert torch.equal(layer(x), plain(x.clamp(-4, 3).round()))
    assert layer.state_dict().keys() == names | {"input_quantizer.step"}
    assert torch.equal(deepcopy(layer)(x), layer(x))
    detach(layer)
    assert type(layer) is type(plain) and torch.equal(layer(x), plain(x))
    assert layer.state_dict().keys() == names


def network():
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(144, 2)).eval()


def test_steps_and_offsets_come_back_from_a_file():
    grids = {"0": InputGrid(8, signed=True), "3": InputGrid(4, offset=True)}
    quantized = network()
    fresh = network()
    for name, grid in grids.items():
        attach(quantized.get_submodule(name), grid)
    grids["0"].step.fill_(0.03)
    grids["3"].step.fill_(0.1)
    grids["3"].offset.fill_(-0.25)
    described = step(grids)
    assert simulates(described)
    packed = pack(Compressed(quantized, (described,), activation_bits=4), {})
    read = unpack(packed, fresh)
    x = torch.randn(2, 3, 8, 8)
    assert torch.equal(read(x), quantized(x))
    assert not torch.equal(read(x), nn.Sequential(*quantized[:3], nn.Linear(144, 2))(x))
    plain = sizes(pack(Compressed(network()), {}))
    assert sizes(packed).payload_bytes == plain.payload_bytes + 4 + 4 + 4
    assert sizes(packed).categories["scales"] == 12
    assert widths([described]) == {"0": 8, "3": 4}
    assert widths([{"kind": "low-rank", "ranks": {}}]) is None


@pytest.mark.parametrize(
    "inputs",
    [
        {"1": {"bits": 4}},
        {"7": {"bits": 4}},
        {"": {"bits": 4}},
        {"0": {"bits": 0}},
        {"0": {"bits": 9}},
        {"0": {"bits": True}},
        {"0": {"bits": 4.0}},
        {"0": {"bits": 1, "signed": True}},
        {"0": {"bits": 4, "signed": 1}},
        {"0": {"bits": 4, "limit": -1.0}},
        {"0": {"bits": 4, "limit": float("nan")}},
        {"0": {"bits": 4, "limit": float("inf")}},
        {"0": {"bits": 4, "limit": "1"}},
        {"0": {"bits": 4, "limit": 1.0, "offset": True}},
        {"0": {"bits": 4, "steps": 10**9}},
        {"0": 4},
        {"0": {"bits": 4}, "0.input_quantizer": {"bits": 4}},
        ["0"],
        3,
    ],
)
def test_what_is_no_step_is_refused(inputs):
    with pytest.raises(ValueError, match="quantized-inputs"):
        rebuild(network(), [{"kind": "quantized-inputs", "inputs": inputs}])


def test_a_layer_gets_one_grid():
    described = step({"0": InputGrid(4)})
    with pytest.raises(ValueError, match="no plain convolution"):
        rebuild(network(), [described, described])


@pytest.mark.parametrize("inputs", [None, 3, ["0"], {"0": 4}, {"0": {}}, {"0": {"bits": 77}}])
def test_widths_of_what_is_no_step_are_refused(inputs):
    with pytest.raises(ValueError):
        widths([{"kind": "quantized-inputs", "inputs": inputs}])
