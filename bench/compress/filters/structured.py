"""The contract of structured pruning by a score: whole channels go, with everything that is coupled to them."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from bench.compress import filters
from bench.compress.budget import Budget
from bench.compress.filters.settings import Layers
from bench.compress.method import FinetuningMethod
from bench.compress.workbench import Workbench
from bench.footprint.compressed import Compressed

if TYPE_CHECKING:
    import torch

    from bench.compress.filters.coupled import CoupledChannels
    from bench.compress.filters.regularisers import Penalty


@dataclass(frozen=True)
class StructuredMethod(FinetuningMethod):
    """Removes channels in the order of a score until a target is met within one channel, then fine-tunes.

    The result is a smaller dense network, stored without any index.

    Args:
        ratio: share of the target to remove.
        target: what the ratio is of: the channels that can go, the network's parameters, its multiply-accumulates, or
            its payload with weights in float32.
        scope: "global" ranks all channels together, "layer" takes the same share of each group of coupled channels,
            "isomorphic" ranks groups of the same kinds of layers together and takes the same share of each kind.
        normalise: what scores are divided by before channels of different groups are compared: the group's mean, its
            largest, or nothing.
        channels: "all" thins residual streams too, "inside" leaves alone what an addition joins. Either thins maps that
            are concatenated; a stream under layer normalisation stays, since without some of its channels the others'
            mean would change.
        rounds: prune and fine-tune in so many steps, scores taken anew in each; the epochs are divided among them.
        least: share of each group that stays, at least one channel.
        round_to: numbers of channels are multiples of this, for kernels that want it.
        skip: layers that keep all their filters, by name.
    """

    ratio: Annotated[float, Field(ge=0, lt=1)] = 0.5
    target: Literal["channels", "parameters", "macs", "bytes"] = "parameters"
    scope: Literal["layer", "global", "isomorphic"] = "global"
    normalise: Literal["mean", "max", "none"] = "mean"
    channels: Literal["inside", "all"] = "all"
    rounds: Annotated[int, Field(ge=1, le=400)] = 1
    least: Annotated[float, Field(ge=0, le=1)] = 0.1
    round_to: Annotated[int, Field(ge=1)] = 1
    skip: Layers = ()

    family = "structured pruning"
    searched: ClassVar = {"ratio": (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)}

    @abstractmethod
    def score(
        self, network: torch.nn.Module, groups: list[CoupledChannels], workbench: Workbench
    ) -> list[torch.Tensor]:
        """What each channel is worth, (C,) float64 by group; the least go first.

        Args:
            network: a copy that may be run and differentiated.
        """

    def eligible(self, network: torch.nn.Module, groups: list[CoupledChannels]) -> list[CoupledChannels]:
        """Those of the groups that the method can score; the others keep their channels.

        Raises:
            NotApplicable: there are none.
        """
        return groups

    def prepared(self, compressed: Compressed, workbench: Workbench, groups: list[CoupledChannels]) -> Compressed:
        """The network to prune; by default the one given.

        Args:
            groups: the channels that can go.
        """
        return compressed

    def __call__(self, compressed: Compressed, workbench: Workbench) -> Compressed:
        """See Method."""
        return filters.rounds.pruned(
            compressed,
            workbench,
            self,
            ratio=self.ratio,
            target=self.target,
            ranking=filters.selection.ChannelRanking(self.scope, self.normalise, self.least, self.round_to),
            which=self.channels,
            skip=self.skip,
            rounds=self.rounds,
            epochs=workbench.epochs,
            distill=self.distill,
        )


@dataclass(frozen=True)
class SparselyTrainedMethod(StructuredMethod):
    """One that first trains with a penalty, which makes small channels smaller.

    Args:
        sparse_epochs: of that training; default the fine-tuning recipe's, which follows pruning besides.
    """

    sparse_epochs: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None

    @abstractmethod
    def penalty(self) -> Penalty:
        """What is added to gradients, see `bench.compress.filters.regularisers`."""

    def prepared(self, compressed: Compressed, workbench: Workbench, groups: list[CoupledChannels]) -> Compressed:
        """See StructuredMethod."""
        epochs = self.sparse_epochs or workbench.epochs
        return filters.regularisers.trained(
            compressed, workbench, groups, self.penalty(), epochs=epochs, distill=self.distill
        )

    def budget(self, finetuning: float, training: float) -> Budget:
        """See Method."""
        return Budget(finetuned=finetuning + (self.sparse_epochs or finetuning))
