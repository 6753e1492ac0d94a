"""What methods share that train quantised weights: the bits of the first and the last layer, and of inputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Literal

from bench.compress import quantization
from bench.compress.method import FinetuningMethod
from bench.compress.workbench import Workbench
from bench.footprint.compressed import Compressed

if TYPE_CHECKING:
    from bench.compress.quantization.inputs import InputQuantiser
    from bench.compress.quantization.learned import Quantiser
    from bench.compress.quantization.training import Make

Bits = Literal[2, 3, 4, 6, 8]
ActivationBits = Literal[2, 3, 4, 6, 8, 32]


@dataclass(frozen=True)
class Quantising(FinetuningMethod):
    """A method that starts from the trained network and trains it with quantised weights.

    Args:
        outer_bits: of the first and the last layer, by LSQ's learned steps; 32 leaves them as they are.
        activation_bits: of what the layers with quantised weights read; 32 leaves it as it is. Of the first and the
            last layer, where these are quantised, it has their `outer_bits`.
    """

    outer_bits: Literal[8, 32] = field(default=32, kw_only=True)
    activation_bits: ActivationBits = field(default=32, kw_only=True)

    @property
    def printed_title(self) -> str:
        """See Method."""
        width = "float32" if self.outer_bits == 32 else f"{self.outer_bits}-bit"
        return f"{self.title}, {width} ends"

    def outer(self, *, per_channel: bool = False, by_spread: bool = False) -> Make | None:
        """What makes a quantiser of the first and the last layer's weights; None if they stay as they are."""
        if self.outer_bits == 32:
            return None
        step = quantization.learned.LearnedStep
        return partial(step, bits=self.outer_bits, per_channel=per_channel, by_spread=by_spread)

    def trained(
        self,
        compressed: Compressed,
        workbench: Workbench,
        weights: Mapping[str, Quantiser],
        activation_bits: int | None = None,
        reader: Callable[[int], InputQuantiser] | None = None,
        outer_reader: Callable[[int], InputQuantiser] | None = None,
        seen: Compressed | None = None,
    ) -> Compressed:
        """Train with quantised weights, and quantised inputs if asked for.

        Args:
            weights: a quantiser by weight.
            activation_bits: default the setting.
            reader: makes the quantiser of an input of so many bits; default LSQ's.
            outer_reader: that of the first and the last layer; default LSQ's.
            seen: the network from whose inputs readers start; default the one that is trained.
        """
        engine, learned = quantization.training, quantization.inputs.LearnedInput
        bits = activation_bits or self.activation_bits
        readers = (
            {}
            if bits == 32
            else engine.inputs_of(
                seen or compressed,
                workbench,
                weights,
                partial(reader or learned, bits),
                partial(outer_reader or learned, self.outer_bits),
            )
        )
        return engine.trained(compressed, workbench, weights, readers, activation_bits=bits, distill=self.distill)
