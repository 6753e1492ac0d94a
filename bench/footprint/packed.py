"""A compressed network as a file, and the file as a network.

The file describes how to rebuild the network's modules in a fresh one, and holds every tensor in its representation and
smallest layout. Its *payload* is what papers count: weights, scales, masks, codes, codebooks, biases, normalisation;
header and checksum don't count. Nothing in the file is ever executed.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from bench.errors import InputError
from bench.footprint import _file, _section
from bench.footprint._header import Category, Header, Tensor
from bench.footprint.compressed import Compressed, Step
from bench.footprint.normalisation import is_normalisation
from bench.footprint.representation import Float, Representation, Whole
from bench.footprint.structure import rebuild, simulates
from bench.zoo.networks.plain import plain

STORED_FLOATS = (torch.float32, torch.float16, torch.bfloat16)
NNCF_HOOKS = "__nncf_hooks"  # the child of a network in which NNCF keeps its quantisers
NOT_STORED = "num_batches_tracked"  # counts training steps; inference does not use it


@dataclass(frozen=True)
class LayerSize:
    """Size of a tensor in the file.

    Attributes:
        name: in the network's `state_dict`.
        shape: of the tensor.
        representation, layout: how it is stored.
        bits: width of a symbol.
        payload_bytes: of its section.
        sparsity: share of its values that are zero.
        bytes: of its section, by category.
    """

    name: str
    shape: tuple[int, ...]
    representation: str
    layout: str
    bits: int
    payload_bytes: int
    sparsity: float
    bytes: dict[Category, int]


@dataclass(frozen=True)
class Sizes:
    """Size of a packed network.

    Attributes:
        payload_bytes: what papers count (see the module).
        file_bytes: of the complete file.
        categories: the payload's bytes by category.
        layers: the payload's bytes by stored tensor, in the network's order.
    """

    payload_bytes: int
    file_bytes: int
    categories: dict[Category, int]
    layers: tuple[LayerSize, ...]


def pack(compressed: Compressed, model: dict[str, Any]) -> bytes:
    """The file of a compressed network.

    Args:
        model: description of the fresh network to `unpack` into; any JSON, kept for the reader.

    Raises:
        InputError: the network holds numbers of a type that is not stored.
        ValueError: a representation does not decode to the tensor in the network.
    """
    # Tied weights are one tensor under several names: it is stored once, under the first, and the others refer to it.
    first: dict[int, str] = {}
    tied: dict[str, str] = {}
    entries, sections = [], []
    unused = set(compressed.representations)
    for name, tensor in _stored_tensors(compressed.network).items():
        unused.discard(name)
        if first.setdefault(id(tensor), name) != name:
            tied[name] = first[id(tensor)]
            continue
        entry, section = _section.write(
            name,
            _representation(name, tensor, compressed),
            _category(compressed.network, name, tensor),
            entropy=compressed.entropy_coding,
            mask=compressed.masks[name].cpu().numpy() if name in compressed.masks else None,
        )
        entries.append(entry)
        sections.append(section)
    if unused:
        raise ValueError(f"the network has no tensors {', '.join(sorted(unused))}, yet they have representations")
    header = Header(
        model=model,
        structure=compressed.structure,
        activation_bits=compressed.activation_bits,
        tensors=tuple(entries),
        tied=tied,
    )
    return _file.write(header.model_dump(exclude_defaults=True), sections)


def unpack(data: bytes, fresh: torch.nn.Module) -> torch.nn.Module:
    """The network that a file holds, in eval mode.

    Args:
        fresh: the network that the compressed one started from, with any weights; it is used up. Wrappers are taken
            off, and computed weights made parameters.

    Raises:
        InputError: the file is foreign, cut short, damaged or malformed, or does not belong to `fresh`.
    """
    header, body = _read(data)
    network = _rebuilt(fresh, header.structure)
    targets = _stored_tensors(network)
    _check_names_and_shapes(header, targets)
    position = 0
    with torch.no_grad():
        for entry in header.tensors:
            end = position + entry.section_bytes
            _fill(targets[entry.name], entry, bytes(body[position:end]))
            position = end
        for name, original in header.tied.items():
            targets[name].copy_(targets[original])
    return network.eval()


def skeleton(header: Header, fresh: torch.nn.Module) -> torch.nn.Module:
    """The network with the graph of a deployed one: all structural steps except those that simulate quantisation.

    Args:
        fresh: the network that the compressed one started from; it is used up, its weights mean nothing afterwards.

    Raises:
        InputError: the file does not belong to `fresh`.
    """
    try:
        steps = [step for step in header.structure if not simulates(step)]
    except ValueError as error:
        raise InputError(f"this packed network does not fit: {error}") from error
    return _rebuilt(fresh, steps)


def read_header(data: bytes) -> dict[str, Any]:
    """A file's header: model, structure, activation_bits, and every tensor's name, shape and representation.

    Raises:
        InputError: the file is foreign, cut short, damaged or malformed.
    """
    return header_of(data).model_dump(mode="json")


def is_packed(data: bytes) -> bool:
    """Whether bytes claim to be a packed file; they may be damaged all the same."""
    return data.startswith(_file.MAGIC)


def header_of(data: bytes) -> Header:
    """The header itself (see `read_header`)."""
    return _read(data)[0]


def representations(data: bytes) -> dict[str, Representation]:
    """How each tensor is stored, by name; a tied tensor has the representation of the one that it is.

    Raises:
        InputError: the file is foreign, cut short, damaged or malformed.
    """
    header, body = _read(data)
    stored: dict[str, Representation] = {}
    position = 0
    for entry in header.tensors:
        end = position + entry.section_bytes
        stored[entry.name] = _decoded(entry, bytes(body[position:end]))
        position = end
    return stored | {name: stored[original] for name, original in header.tied.items() if original in stored}


def sizes(data: bytes) -> Sizes:
    """Size of a file, by layer and by category.

    Raises:
        InputError: the file is foreign, cut short, damaged or malformed.
    """
    header, body = _read(data)
    categories: Counter[Category] = Counter()
    for entry in header.tensors:
        categories.update(entry.bytes)
    try:
        layers = tuple(map(_layer_size, header.tensors))
    except (KeyError, ValueError, TypeError, OverflowError) as error:
        raise InputError(f"this packed network is malformed: {error}") from error
    return Sizes(len(body), len(data), dict(categories), layers)


def _read(data: bytes) -> tuple[Header, memoryview]:
    header, body = _file.read(data)
    return Header.checked(header, len(body)), body


def _rebuilt(fresh: torch.nn.Module, steps: Iterable[Step]) -> torch.nn.Module:
    try:
        return rebuild(plain(fresh), steps)
    except ValueError as error:
        raise InputError(f"this packed network does not fit: {error}") from error


def _layer_size(entry: Tensor) -> LayerSize:
    count = math.prod(entry.shape)
    return LayerSize(
        name=entry.name,
        shape=tuple(entry.shape),
        representation=entry.kind,
        layout=str(entry.how.get("layout")),
        bits=_section.width(entry),
        payload_bytes=entry.section_bytes,
        sparsity=entry.zeros / count if count else 0.0,
        bytes=dict(entry.bytes),
    )


def _stored_tensors(network: torch.nn.Module) -> dict[str, torch.Tensor]:
    state = network.state_dict(keep_vars=True)
    others = [name for name, value in state.items() if not isinstance(value, torch.Tensor)]
    if others:
        raise InputError(f"{others[0]} is a {type(state[others[0]]).__name__}: a packed file holds tensors alone")
    return {name: tensor for name, tensor in state.items() if name.rpartition(".")[2] != NOT_STORED}


def _representation(name: str, tensor: torch.Tensor, compressed: Compressed) -> Representation:
    values = _as_numpy(name, tensor)
    if name not in compressed.representations:
        return Float(values).with_plain_zeros() if tensor.is_floating_point() else Whole(values)
    # The accuracy beside a size must be that of the file's network, so what a method simulates has to be, bit for bit,
    # what the file decodes to.
    chosen = compressed.representations[name]
    if chosen.shape != tuple(tensor.shape) or not np.array_equal(chosen.decode(), values, equal_nan=True):
        raise ValueError(f"the representation of {name} does not decode to the tensor in the network")
    return chosen.with_plain_zeros() if isinstance(chosen, Float) else chosen


def _as_numpy(name: str, tensor: torch.Tensor) -> np.ndarray:
    tensor = tensor.detach().cpu()
    if tensor.dtype in STORED_FLOATS:
        return tensor.float().numpy()
    if tensor.is_floating_point() or tensor.is_complex() or tensor.is_quantized:
        raise InputError(f"{name} is {tensor.dtype}: convert the network to float32 before it is packed")
    return tensor.numpy()


def _category(network: torch.nn.Module, name: str, tensor: torch.Tensor) -> Category:
    module, _, attribute = name.rpartition(".")
    if is_normalisation(network.get_submodule(module)):
        return "normalisation"
    if not tensor.is_floating_point():
        return "indices"
    # NNCF keeps the scales of its quantisers as parameters too. Whatever else was learned counts as papers count it, a
    # bias by its name (`in_proj_bias`); of what was not, tables of several axes are weights by use.
    if NNCF_HOOKS in name.split("."):
        return "scales"
    if "bias" in attribute and tensor.ndim == 1:
        return "biases"
    learned = name in dict(network.named_parameters(remove_duplicate=False))
    return "weights" if learned or attribute == "weight" or tensor.ndim > 1 else "scales"


def _check_names_and_shapes(header: Header, targets: dict[str, torch.Tensor]) -> None:
    stored = {entry.name: entry.shape for entry in header.tensors}
    names = {*stored, *header.tied}
    problems = [f"it lacks {name}" for name in targets if name not in names]
    problems += [f"it has {name}, which the network lacks" for name in names if name not in targets]
    problems += [
        f"{name} is {stored[name]}, in the network {tuple(target.shape)}"
        for name, target in targets.items()
        if name in stored and stored[name] != tuple(target.shape)
    ]
    problems += [
        f"{name} is stored as {original}, which has another shape or is not there"
        for name, original in header.tied.items()
        if name in targets and stored.get(original) != tuple(targets[name].shape)
    ]
    if problems:
        more = f" (and {len(problems) - 3} more)" if len(problems) > 3 else ""
        raise InputError(f"this packed network does not fit: {'; '.join(problems[:3])}{more}")


def _decoded(entry: Tensor, section: bytes) -> Representation:
    try:
        return _section.read(entry, section)
    except (ValueError, TypeError, OverflowError) as error:
        raise InputError(f"this packed network is malformed: {entry.name}: {error}") from error


def _fill(target: torch.Tensor, entry: Tensor, section: bytes) -> None:
    stored = _decoded(entry, section)
    if target.is_floating_point() == isinstance(stored, Whole):
        raise InputError(f"this packed network does not fit: {entry.name} is {target.dtype} in the network")
    target.copy_(torch.from_numpy(np.ascontiguousarray(stored.decode())).reshape(target.shape))
