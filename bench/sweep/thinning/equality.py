"""Does a network without channels compute what the whole one does with these channels at zero?"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn
from torch.nn.modules.batchnorm import _NormBase

from bench.compress.filters import thinning
from bench.compress.filters.coupled import CoupledChannels
from bench.compress.method import NotApplicable
from bench.compress.normalization.running_statistics import take_again
from bench.compress.variant import parse
from bench.compress.without_data import Subject
from bench.errors import InputError, limit
from bench.footprint.compressed import Compressed
from bench.runner.provenance import peak_memory
from bench.sweep.single import fault

VERSION = 1  # must be raised when channels are found, chosen or taken out in another way: networks are tried again
CLOSE = 2e-3  # of the distance between the logits of two images
ROOM = 30  # times closer than with one more channel at zero
TRIED = 16  # channels of a group at most, until one is missed: others are never above zero

Chosen = Mapping[tuple[str, ...], torch.Tensor]  # channels that stay, by what writes the group


def attempt(model: str, share: str, size: int) -> dict[str, Any]:
    """Take a share of every group's channels out, those of the smallest L1 norms, and compare with the masked network.

    Args:
        model: as profiles name it.
        share: a number from 0 to 1.
        size: of images, pixels.

    Returns:
        "state": works; refused, with a sentence as "reason"; or fault, with what is wrong as "reason". "parameters",
        the share of them that is kept as "keeps", the number of "groups", "difference" and "control", see `compared`,
        in which "dtype", "seconds" of processor time and "peak_bytes" of memory.
    """
    started = time.process_time()
    outcome: dict[str, Any] = {}
    try:
        subject = Subject(model, parse("original"), size=size)
        images = torch.randn(4, *subject.shape, generator=torch.Generator().manual_seed(0))
        network = lively(subject.fresh())
        take_again(network, [images])
        outcome |= _sizes(network)
        outcome |= compared(network, images[:2], float(share))
        outcome |= {"state": "works"} if equal(outcome) else {"state": "fault", "reason": _unequal(outcome)}
    except (InputError, NotApplicable) as error:
        outcome |= {"state": "refused", "reason": str(error)}
    except Exception as error:
        reason = limit(error)
        outcome |= {"state": "refused", "reason": reason} if reason else fault()
    return outcome | {"seconds": time.process_time() - started, "peak_bytes": peak_memory()}


def lively(network: nn.Module, seed: int = 0) -> nn.Module:
    """The network in eval mode with random numbers for parameters that are all alike when training begins.

    With scales of one, shifts of nought or a classifier of zeros, a slice of the wrong channels would go unseen.
    """
    generator = torch.Generator().manual_seed(seed)
    for parameter in network.parameters():
        if parameter.numel() > 1 and bool((parameter == parameter.flatten()[0]).all()):
            scale = bool(parameter.flatten()[0])  # of normalisation or of a layer; else a shift, or weights
            low, high = (0.5, 1.5) if scale else (-0.5, 0.5)
            fan_in = 1 if scale or parameter.ndim == 1 else parameter[0].numel()
            parameter.data.uniform_(low, high, generator=generator).mul_(fan_in**-0.5)
    for module in network.modules():
        if isinstance(module, _NormBase) and module.affine:
            module.bias.data.uniform_(-0.5, 0.5, generator=generator)
    return network.eval()


def compared(network: nn.Module, images: torch.Tensor, share: float) -> dict[str, Any]:
    """How far the thinned network's logits are from the masked one's. `network` ends up masked.

    In float64 if float32 cannot tell.

    Args:
        images: (2, C, H, W) float32.
        share: of each group's channels to take out.

    Returns:
        "keeps": share of parameters; "groups"; "difference" of logits, as a share of the distance between those of the
        two images; "control", the same with one more channel at zero, of the first, the middle and the last group that
        where it shows least; "dtype" of both.

    Raises:
        NotApplicable: no channels can go.
    """
    compressed = Compressed(network, example=images[:1])
    groups = thinning.prunable(compressed, (), "all")
    targets = [(group, _kept(group, share)) for group in groups]
    chosen: dict[tuple[str, ...], torch.Tensor] = {}

    def largest(network: nn.Module, group: CoupledChannels, count: int) -> torch.Tensor:
        chosen[group.writers] = thinning.largest_norms(network, group, count)
        return chosen[group.writers]

    thin = thinning.thinned(compressed, targets, largest).network
    outcome = {"keeps": _sizes(thin)["parameters"] / _sizes(network)["parameters"], "groups": len(groups)}
    stay = {group.writers: chosen.get(group.writers, torch.arange(group.count)) for group in groups}
    mask(network, [(group, sorted({*range(group.count)} - {*stay[group.writers].tolist()})) for group in groups])
    for dtype in (torch.float32, torch.float64):
        outcome |= _distances(thin.to(dtype), network.to(dtype), images.to(dtype), groups, stay)
        if equal(outcome):
            break
    return outcome


def equal(outcome: Mapping[str, Any]) -> bool:
    """Whether logits agree, and would not if one more channel were missing."""
    return outcome["difference"] < CLOSE and outcome["difference"] * ROOM < outcome["control"]


def mask(network: nn.Module, removed: Iterable[tuple[CoupledChannels, Sequence[int]]]) -> None:
    """Set channels to zero, in place: their filters and biases, and scale and shift of their normalisation."""
    parameters = dict(network.named_parameters())
    with torch.no_grad():
        for name, entries in _entries(removed):
            if name in parameters:
                parameters[name][entries] = 0


def _entries(removed: Iterable[tuple[CoupledChannels, Sequence[int]]]) -> Iterator[tuple[str, list[int]]]:
    for group, channels in removed:
        for name in group.writers:
            yield name, list(channels)
        for follower in group.followers:
            yield follower.name, [follower.start + channel for channel in channels]


@torch.inference_mode()
def _distances(
    thin: nn.Module, masked: nn.Module, images: torch.Tensor, groups: Sequence[CoupledChannels], stay: Chosen
) -> dict[str, Any]:
    logits, expected = thin(images), masked(images)
    distance = (expected[0] - expected[1]).abs().max()
    shown = [
        _missed((logits - one_more).abs().max() / distance for one_more in _one_more(masked, images, group, stay))
        for group in (groups[0], groups[len(groups) // 2], groups[-1])
    ]
    difference = float((logits - expected).abs().max() / distance)
    return {"difference": difference, "control": min(shown), "dtype": str(logits.dtype).removeprefix("torch.")}


def _missed(distances: Iterable[torch.Tensor]) -> float:
    """The largest of distances, or the first that shows plainly."""
    most = 0.0
    for distance in distances:
        most = max(most, float(distance))
        if most > CLOSE * ROOM:
            break
    return most


def _one_more(masked: nn.Module, images: torch.Tensor, group: CoupledChannels, stay: Chosen) -> Iterator[torch.Tensor]:
    """Logits of the masked network with one more channel at zero, for some of those with the largest norms."""
    left = stay[group.writers]
    norms = sum(masked.get_parameter(name).abs().flatten(1).sum(1)[left] for name in group.writers)
    assert isinstance(norms, torch.Tensor)
    for position in norms.argsort(descending=True)[:TRIED].tolist():
        with _restored(masked, group):
            mask(masked, [(group, [int(left[position])])])
            yield masked(images)


@contextmanager
def _restored(network: nn.Module, group: CoupledChannels) -> Iterator[None]:
    parameters = {name: tensor for name, tensor in network.named_parameters() if name in group.names}
    before = {name: tensor.clone() for name, tensor in parameters.items()}
    try:
        yield
    finally:
        for name, tensor in before.items():
            parameters[name].copy_(tensor)


def _kept(group: CoupledChannels, share: float) -> int:
    within = group.count // group.parts
    return group.parts * max(1, within - int(share * within))


def _sizes(network: nn.Module) -> dict[str, int]:
    return {"parameters": sum(parameter.numel() for parameter in network.parameters())}


def _unequal(outcome: Mapping[str, Any]) -> str:
    return f"logits differ by {outcome['difference']:.2g}, with one channel more missing by {outcome['control']:.2g}"
