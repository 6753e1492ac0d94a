"""Single channels: what drives them, and which channel of another network is the same one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment

from bench.diagnose.diagnostic import Probe, spread
from bench.diagnose.networks import Version, outputs
from bench.diagnose.taps import Units
from bench.diagnose.units.painting import Ascent, Palette, ascend

MEASURED = 128  # probe images that a unit's mean and spread are taken over
MATCHED = 64  # probe images that units are matched on
MISSING = -1  # the index of a unit that a network does not have


@dataclass(frozen=True)
class Channels:
    """Channels of one network's layers.

    Attributes:
        layers: the layer's name, one per channel.
        indices: the channel's index in its layer, one per channel; `MISSING` if the network lacks the channel.
    """

    layers: tuple[str, ...]
    indices: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.indices)

    @property
    def names(self) -> tuple[str, ...]:
        """The layers without repetition, in order."""
        return tuple(dict.fromkeys(self.layers))

    def present(self) -> np.ndarray:
        """(U,) bool: the network has this channel."""
        return np.array(self.indices) != MISSING


def choose(version: Version, probe: Probe, count: int) -> Channels:
    """Channels that change, at even distances in the last block of every stage; a stage is a resolution of maps.

    Raises:
        LookupError: a layer does not exist or is not called.
    """
    images = probe.images[probe.spread(MATCHED)].to(version.device)
    with version.opened() as network:
        maps = outputs(network, probe.layers, images)
        # By resolution the last layer wins, and the order is that of the first layer of each resolution.
        stages = {maps[layer].shape[2:]: layer for layer in probe.layers if maps[layer].ndim == 4}
        values = before_rectifiers(version, tuple(stages.values()), images)
    layers: list[str] = []
    indices: list[int] = []
    for layer in stages.values():
        live = np.flatnonzero(values[layer].std((0, 2, 3)) > 0)  # a constant channel cannot be driven
        chosen = live[spread(len(live), count)] if len(live) else live
        layers += [layer] * len(chosen)
        indices += chosen.tolist()
    return Channels(tuple(layers), tuple(indices))


def same_in(version: Version, original: Version, probe: Probe, channels: Channels, by_index: bool) -> Channels:
    """The same channels of another network, by index or matched one to one.

    A layer's channels are matched unless `by_index`, and in any case if the widths differ.

    Raises:
        LookupError: the network lacks a layer.
    """
    images = probe.images[probe.spread(MATCHED)]
    here = before_rectifiers(version, channels.names, images)
    originals = before_rectifiers(original, channels.names, images)
    partners = {}
    for layer in channels.names:
        widths = originals[layer].shape[1], here[layer].shape[1]
        same = by_index and widths[0] == widths[1]
        partners[layer] = np.arange(widths[0]) if same else _partners(originals[layer], here[layer])
    pairs = zip(channels.layers, channels.indices)
    return Channels(channels.layers, tuple(int(partners[layer][index]) for layer, index in pairs))


def before_rectifiers(version: Version, layers: Sequence[str], images: torch.Tensor) -> dict[str, np.ndarray]:
    """What channels hold before their rectifier, (n, C, h, w) float32 by layer."""
    with version.opened() as network, torch.no_grad():
        shown = images.to(version.device)
        with Units(network, layers, shown[:1]) as units:
            network(shown)
        return {layer: units.seen[layer].float().cpu().numpy() for layer in layers}


def _partners(original: np.ndarray, other: np.ndarray) -> np.ndarray:
    """For each channel of the original the matched channel of the other network, or `MISSING`."""
    # The one-to-one matching of Li et al. (2016): the correlation of every pair of channels over all probe images and
    # positions, then the assignment that makes the sum of correlations largest (Hungarian method). Correlation sees
    # neither a channel's scale nor its mean, which compression changes. If the other network is narrower, the
    # channels whose loss costs the sum least stay without a partner. Maps of another size share no positions.
    matched = np.full(original.shape[1], MISSING)
    if original.shape[2:] != other.shape[2:]:
        return matched
    first, second = (_standardised(side) for side in (original, other))
    rows, columns = linear_sum_assignment(first @ second.T, maximize=True)
    matched[rows] = columns
    return matched


def _standardised(values: np.ndarray) -> np.ndarray:
    """Rows (C, n*h*w) of mean 0 and length 1, whose products are correlations; channels that never change are 0."""
    rows = np.moveaxis(values, 1, 0).reshape(values.shape[1], -1)
    rows = rows - rows.mean(1, keepdims=True)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.divide(rows, lengths, out=np.zeros_like(rows), where=lengths > 0)


class Driven:
    """Channels of one network as an objective: the middle unit, in standard deviations from its mean over the probe.

    Raw activations cannot be compared between networks or layers, whose scales differ; deviations can. A single unit is
    maximised because the mean of a whole map rewards repeating a small pattern.

    Attributes:
        silent: (U,) bool: the network lacks the channel, or nothing ever changes it; its objective is 0.
    """

    def __init__(self, version: Version, probe: Probe, channels: Channels, reach: int):
        self.version, self.probe, self.channels, self.reach = version, probe, channels, reach
        self.silent = ~channels.present()
        self.mean, self.deviation = np.zeros(len(channels)), np.ones(len(channels))
        self._measure()

    def _measure(self) -> None:
        images = self.probe.images[self.probe.spread(MEASURED)]
        maps = before_rectifiers(self.version, self.channels.names, images)
        for unit, (layer, index) in enumerate(zip(self.channels.layers, self.channels.indices)):
            if index == MISSING:
                continue
            values = _middle(maps[layer][:, index], self._steps(maps[layer]))
            self.mean[unit], deviation = values.mean(), values.std()
            self.silent[unit] = not deviation > 0
            self.deviation[unit] = deviation if deviation > 0 else 1.0

    def _steps(self, maps: np.ndarray | torch.Tensor) -> int:
        """The reach of the jitter, pixels of the image, in positions of a layer's maps."""
        return round(self.reach * maps.shape[2] / self.probe.size)

    def paint(self, ascent: Ascent, seed: int) -> np.ndarray:
        """(U, C, H, W) uint8: for every channel the image that drives its middle unit most."""
        shape = (len(self.channels), *self.probe.pixels.shape[1:])
        device = self.version.device
        palette = Palette.of(self.probe, device)
        example = self.probe.images[:1].to(device)
        with self.version.opened() as network, Units(network, self.channels.names, example) as units:

            def objective(images: torch.Tensor) -> torch.Tensor:
                # Image u drives channel u, all of them in one pass.
                network(images)
                return torch.stack([self._unit(units, unit, 0).mean() for unit in range(len(self.channels))])

            return ascend(objective, shape, palette, ascent, seed)

    def respond(self, pixels: np.ndarray) -> np.ndarray:
        """Response of each channel to the image in its row, (U,); mean over the positions that jitter reaches.

        Args:
            pixels: (U, C, H, W) uint8.

        Returns:
            Standard deviations from the mean over the probe; NaN for silent channels.
        """
        shown = Palette.of(self.probe, self.version.device).shown(pixels)
        with self.version.opened() as network, Units(network, self.channels.names, shown[:1]) as units, torch.no_grad():
            network(shown)
            # Jitter may have left the pattern off the middle by as much as it reaches: no network's image should lose
            # by where it came to lie.
            values = [float(self._unit(units, unit, None).mean()) for unit in range(len(self.channels))]
        return np.where(self.silent, np.nan, values)

    def _unit(self, units: Units, unit: int, steps: int | None) -> torch.Tensor:
        maps = units.seen[self.channels.layers[unit]]
        channel = maps[unit, 0 if self.silent[unit] else self.channels.indices[unit]]
        values = _middle(channel, self._steps(maps) if steps is None else steps)
        return (values - self.mean[unit]) / self.deviation[unit] * float(not self.silent[unit])


def _middle(maps, steps: int):
    """The middle of maps (..., h, w), with up to `steps` more positions on every side, ending at the border."""
    rows, columns = maps.shape[-2] // 2, maps.shape[-1] // 2
    return maps[..., max(rows - steps, 0) : rows + steps + 1, max(columns - steps, 0) : columns + steps + 1]


def painted(version: Version, probe: Probe, channels: Channels, ascent: Ascent, seed: int) -> tuple[np.ndarray, Driven]:
    """Images for channels, painted once per process if the network is a file's, and the channels as an objective."""
    driven = Driven(version, probe, channels, round(ascent.jitter * probe.size))
    key = ("units", probe.fingerprint, channels, ascent, seed)
    return version.once(lambda: driven.paint(ascent, seed), *key), driven
