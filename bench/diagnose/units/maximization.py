"""Single channels: what drives them, and which channel of another network is the same one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment

from bench.diagnose.diagnostic import Probe, spread
from bench.diagnose.networks import Units, Version, outputs
from bench.diagnose.remember import remember
from bench.diagnose.units.painting import Palette, Recipe, ascend

MEASURED = 128  # probe images that a unit's mean and spread are taken over
MATCHED = 64  # probe images that units are matched on
MISSING = -1  # the index of a unit that a network does not have


@dataclass(frozen=True)
class Channels:
    """Some channels of some layers.

    Attributes:
        layers: one name a channel.
        indices: one a channel; `MISSING` where there is none.
    """

    layers: tuple[str, ...]
    indices: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.indices)

    @property
    def names(self) -> tuple[str, ...]:
        """The layers, each once, in order."""
        return tuple(dict.fromkeys(self.layers))

    def present(self) -> np.ndarray:
        """(U,) bool: the network has this channel."""
        return np.array(self.indices) != MISSING


def choose(version: Version, probe: Probe, count: int) -> Channels:
    """Live channels at even distances in the last block of every stage; a stage is a resolution of the feature maps.

    Raises:
        LookupError: a layer does not exist or is not called.
    """
    images = probe.images[probe.spread(MATCHED)].to(version.device)
    with version.opened() as network:
        found = outputs(network, probe.layers, images)
        stages = {found[layer].shape[2:]: layer for layer in probe.layers if found[layer].ndim == 4}
        values = before_rectifiers(version, tuple(stages.values()), images)
    layers: list[str] = []
    indices: list[int] = []
    for layer in stages.values():
        live = np.flatnonzero(values[layer].std((0, 2, 3)) > 0)
        chosen = live[spread(len(live), count)] if len(live) else live
        layers += [layer] * len(chosen)
        indices += chosen.tolist()
    return Channels(tuple(layers), tuple(indices))


def same_in(version: Version, original: Version, probe: Probe, channels: Channels, by_index: bool) -> Channels:
    """The same channels of another network: by index, or matched where widths differ or indices mean nothing.

    Matching: Hungarian method on the correlation of what channels hold before their rectifier, over probe images and
    positions (Li et al. 2016, one-to-one).

    Raises:
        LookupError: the network lacks a layer.
    """
    images = probe.images[probe.spread(MATCHED)]
    own = before_rectifiers(version, channels.names, images)
    theirs = before_rectifiers(original, channels.names, images)
    partners = {}
    for layer in channels.names:
        widths = theirs[layer].shape[1], own[layer].shape[1]
        same = by_index and widths[0] == widths[1]
        partners[layer] = np.arange(widths[0]) if same else _partners(theirs[layer], own[layer])
    pairs = zip(channels.layers, channels.indices)
    return Channels(channels.layers, tuple(int(partners[layer][index]) for layer, index in pairs))


def before_rectifiers(version: Version, layers: Sequence[str], images: torch.Tensor) -> dict[str, np.ndarray]:
    """(n, C, h, w) float32 by layer."""
    with version.opened() as network, torch.no_grad():
        shown = images.to(version.device)
        with Units(network, layers, shown[:1]) as units:
            network(shown)
        return {layer: units.seen[layer].float().cpu().numpy() for layer in layers}


def _partners(theirs: np.ndarray, own: np.ndarray) -> np.ndarray:
    """By channel of theirs the matched channel of own."""
    matched = np.full(theirs.shape[1], MISSING)
    if theirs.shape[2:] != own.shape[2:]:
        return matched
    first, second = (_standardised(side) for side in (theirs, own))
    rows, columns = linear_sum_assignment(first @ second.T, maximize=True)
    matched[rows] = columns
    return matched


def _standardised(values: np.ndarray) -> np.ndarray:
    """(C, n*h*w) of mean 0 and length 1; channels that never change are 0."""
    rows = np.moveaxis(values, 1, 0).reshape(values.shape[1], -1)
    rows = rows - rows.mean(1, keepdims=True)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.divide(rows, lengths, out=np.zeros_like(rows), where=lengths > 0)


class Driven:
    """Channels of one network as an objective: the middle unit, in standard deviations from its mean over the probe.

    Attributes:
        silent: (U,) bool: the network lacks the channel, or nothing ever changes it; its objective is 0.
        rectified: layers whose rectifier is no module of its own, so that units are seen behind it.
    """

    def __init__(self, version: Version, probe: Probe, channels: Channels, reach: int):
        self.version, self.probe, self.channels, self.reach = version, probe, channels, reach
        self.silent = ~channels.present()
        self.mean, self.deviation = np.zeros(len(channels)), np.ones(len(channels))
        self._measure()

    def _measure(self) -> None:
        images = self.probe.images[self.probe.spread(MEASURED)]
        found = before_rectifiers(self.version, self.channels.names, images)
        for place, (layer, index) in enumerate(zip(self.channels.layers, self.channels.indices)):
            if index == MISSING:
                continue
            values = _middle(found[layer][:, index], self._steps(found[layer]))
            self.mean[place], deviation = values.mean(), values.std()
            self.silent[place] = not deviation > 0
            self.deviation[place] = deviation if deviation > 0 else 1.0

    def _steps(self, maps: np.ndarray | torch.Tensor) -> int:
        """The reach in positions of a layer's maps."""
        return round(self.reach * maps.shape[2] / self.probe.size)

    def paint(self, recipe: Recipe, seed: int) -> np.ndarray:
        """(U, C, H, W) uint8: for every channel the image that drives its middle unit most."""
        shape = (len(self.channels), *self.probe.pixels.shape[1:])
        device = self.version.device
        palette = Palette.of(self.probe, device)
        example = self.probe.images[:1].to(device)
        with self.version.opened() as network, Units(network, self.channels.names, example) as units:

            def objective(images: torch.Tensor) -> torch.Tensor:
                network(images)
                return torch.stack([self._unit(units, place, 0).mean() for place in range(len(self.channels))])

            return ascend(objective, shape, palette, recipe, seed)

    def respond(self, pixels: np.ndarray) -> np.ndarray:
        """(U,) each channel to its own image, (U, C, H, W) uint8; mean over the positions that jitter reaches."""
        shown = Palette.of(self.probe, self.version.device).shown(pixels)
        with self.version.opened() as network, Units(network, self.channels.names, shown[:1]) as units, torch.no_grad():
            network(shown)
            places = range(len(self.channels))
            values = [float(self._unit(units, place, None).mean()) for place in places]
        return np.where(self.silent, np.nan, values)

    def _unit(self, units: Units, place: int, steps: int | None) -> torch.Tensor:
        maps = units.seen[self.channels.layers[place]]
        channel = maps[place, 0 if self.silent[place] else self.channels.indices[place]]
        values = _middle(channel, self._steps(maps) if steps is None else steps)
        return (values - self.mean[place]) / self.deviation[place] * float(not self.silent[place])


def _middle(maps, steps: int):
    """The middle of maps (..., h, w), with `steps` positions more on every side as far as there are any."""
    rows, columns = maps.shape[-2] // 2, maps.shape[-1] // 2
    return maps[..., max(rows - steps, 0) : rows + steps + 1, max(columns - steps, 0) : columns + steps + 1]


def painted(version: Version, probe: Probe, channels: Channels, recipe: Recipe, seed: int) -> tuple[np.ndarray, Driven]:
    """Images for channels, painted once a process, and the channels as an objective."""
    driven = Driven(version, probe, channels, round(recipe.jitter * probe.size))
    key = ("units", version.key, probe.fingerprint, channels, recipe, seed)
    return remember(key, lambda: driven.paint(recipe, seed)), driven
