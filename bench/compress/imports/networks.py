"""A network that was compressed elsewhere, from its file: whichever of the known kinds it is."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import torch

from bench.compress.imports import content, distiller, foreign, lossless, masks, published_pqf
from bench.errors import InputError
from bench.footprint.compressed import Compressed
from bench.footprint.fold import merge
from bench.footprint.packed import header_of, is_packed, representations, unpack
from bench.footprint.representation import Float
from bench.zoo.networks.checkpoint import check_memory, load_content
from bench.zoo.networks.plain import copied, not_finite

File = tuple[str, bytes]  # name and content
NNCF_HOOKS = "__nncf_hooks"


def read(file: File, config: File | None, network: torch.nn.Module, example: torch.Tensor | None) -> Compressed:
    """The compressed network in a file, every tensor in the smallest representation that is exact.

    Weights are the file's bit for bit. Batch normalisation is merged to a scale and a shift and not folded, since that
    would change them.

    Args:
        file: a packed file of Innards, a checkpoint that PQF's authors published, one of NNCF or Distiller,
            or any state dictionary.
        config: what `nncf.torch.get_config` returned, as JSON, if the file does not hold it.
        network: of the file's architecture, plain, with any weights; a copy of it takes the file's.
        example: one normalised image, (1, C, H, W) float32; only NNCF's need it.

    Raises:
        InputError: the file is none of these, or does not belong to the network.
    """
    name, data = file
    network = copied(network).cpu()
    if is_packed(data):
        return _packed(data, network, example)
    held = content.read(data, name)
    check_memory(held, len(data), network, name)
    if published_pqf.holds_codes(held):
        return published_pqf.from_content(held, name, network)
    configuration = _json(config) if config else _configuration(held)
    if configuration is not None:
        from bench.compress.imports import nncf_checkpoint  # NNCF takes seconds to import

        return nncf_checkpoint.read(held, configuration, name, network, example)
    if any(NNCF_HOOKS in part for key in _names(held) for part in key.split(".")):
        if any(key.endswith("._scale") for key in _names(held) if NNCF_HOOKS in key):
            raise InputError(
                f"checkpoint {name!r} holds codes of nncf.compress_weights, which no configuration of NNCF describes: "
                "give a state_dict of the decoded weights"
            )
        raise InputError(
            f"checkpoint {name!r} has NNCF's quantisers and no configuration of them: give its JSON, config"
        )
    kept: dict[str, Any] = {}
    given: dict[str, torch.Tensor] = {}
    if distiller.is_one(held):
        held, given = distiller.weights(held, name, network)
    else:
        held, kept = masks.split(held, network)
    try:
        load_content(network, held, name)
    except InputError as error:
        if reason := foreign.reason(_names(held), network.state_dict()):
            raise InputError(f"checkpoint {name!r} {reason}") from error
        raise
    given |= masks.apply(network, kept, name)
    if broken := not_finite(network):
        raise InputError(f"checkpoint {name!r}: {broken} holds NaN or infinite numbers")
    pruned = {key: mask for key, mask in given.items() if mask.ndim > 1 and not mask.all()}
    return lossless.stored(merge(Compressed(network.eval(), example=example, masks=pruned), exact=True))


def _packed(data: bytes, network: torch.nn.Module, example: torch.Tensor | None) -> Compressed:
    header = header_of(data)
    stored = representations(data)
    rebuilt = unpack(data, network)
    plain = {name for name, kept in stored.items() if isinstance(kept, Float) and kept.type == "float32"}
    floats = {name for name, tensor in rebuilt.state_dict().items() if tensor.is_floating_point()}
    layouts = {entry.name: entry.how for entry in header.tensors}
    weights = {name: weight.detach() for name, weight in rebuilt.named_parameters() if name in plain}
    pruned = {name: weight != 0 for name, weight in weights.items() if weight.ndim > 1 and not weight.all()}
    return Compressed(
        rebuilt,
        example=example,
        masks={name: _mask(nonzero, layouts.get(name, {})) for name, nonzero in pruned.items()},
        structure=header.structure,
        representations={name: kept for name, kept in stored.items() if name in floats - plain},
        activation_bits=header.activation_bits,
        entropy_coding=any("huffman" in entry.how for entry in header.tensors),
    )


def _mask(nonzero: torch.Tensor, layout: Mapping[str, Any]) -> torch.Tensor:
    """The weights that survived pruning: those that are not zero, and of n:m patterns the first zeros up to n."""
    if layout.get("layout") != "two-four":
        return nonzero
    n, m = layout["n"], layout["m"]
    blocks = nonzero.split(m, dim=1)
    missing = [n - block.sum(1, keepdim=True) for block in blocks]
    return torch.cat([block | (~block & ((~block).cumsum(1) <= less)) for block, less in zip(blocks, missing)], dim=1)


def _configuration(held: Any) -> Any:
    """NNCF's configuration somewhere in a file's content; None if there is none."""
    if not isinstance(held, Mapping):
        return None
    if "compression_state" in held:
        return held
    return next((inner for value in held.values() if (inner := _configuration(value)) is not None), None)


def _json(config: File) -> Any:
    name, data = config
    try:
        held = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{name!r} is no JSON: give what nncf.torch.get_config returned, written as JSON") from error
    configuration = _configuration(held)
    if configuration is None:
        raise InputError(f"{name!r} holds no compression_state: give what nncf.torch.get_config returned, as JSON")
    return configuration


def _names(held: Any) -> Iterator[str]:
    if isinstance(held, Mapping):
        for key, value in held.items():
            yield str(key)
            yield from _names(value)
