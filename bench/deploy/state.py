"""The weights of a packed network under the names that its plain architecture has."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from bench.deploy.network import SIGNS, Deployed, neutral
from bench.errors import InputError
from bench.footprint.packed import header_of
from bench.footprint.structure import simulates
from bench.zoo.networks.checkpoint import differences

NO_PLACE = {SIGNS: "the signs that its layers take of their inputs"}
ROUNDED = "the rounding of its feature maps"


def state_of(deployed: Deployed) -> tuple[dict[str, torch.Tensor], str]:
    """Tensors by name, and why the plain architecture does not take them; no reason if it does.

    Folded batch normalisations are there again, neutral but for the shift that the layer before them was given. A
    network with fewer channels or with layers in two factors keeps its own shapes.

    Raises:
        InputError: it computes what no weights express.
    """
    structure = header_of(deployed.packed).structure
    lost = [ROUNDED if simulates(step) else NO_PLACE.get(step["kind"], "") for step in structure]
    if any(lost):
        what = next(filter(None, lost))
        raise InputError(f"a state dict has no place for {what}: export to torch-export, onnx or openvino")
    plain, network = deployed.fresh(), deployed.network
    pairs = [pair for step in structure if step["kind"] == "fold-batchnorm" for pair in step["pairs"]]
    state = network.state_dict()
    for layer, normalisation in pairs:
        state |= _unfolded(network, plain, layer, normalisation, state)
    expected = plain.state_dict()
    state = {name: tensor for name, tensor in state.items() if tensor is not None}
    for name, tensor in expected.items():
        if name.endswith("num_batches_tracked"):
            state.setdefault(name, torch.zeros_like(tensor))
    tensors = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in state.items()}
    problems = differences(expected, tensors)
    return tensors, problems[0] if problems else ""


def _unfolded(
    network: nn.Module, plain: nn.Module, layer: str, normalisation: str, state: dict[str, Any]
) -> dict[str, torch.Tensor]:
    """The tensors of a batch normalisation after a layer that it was folded into; takes the layer's bias from `state`.

    A layer that has a bias in the plain architecture keeps it.
    """
    original: Any = plain.get_submodule(normalisation)
    bias = f"{layer}.bias"
    if bias in state and bias not in plain.state_dict():
        shift = state.pop(bias)
    else:  # the layer has a bias of its own, or is now two factors, of which the second has it
        shift = torch.zeros_like(_last_bias(network.get_submodule(layer)))
    made = neutral(original, torch.ones_like(shift), shift)
    return {f"{normalisation}.{name}": tensor for name, tensor in made.state_dict().items()}


def _last_bias(module: nn.Module) -> torch.Tensor:
    biases = [tensor for name, tensor in module.state_dict().items() if name.rpartition(".")[2] == "bias"]
    return biases[-1]
