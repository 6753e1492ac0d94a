"""Control: what the method before it chose, drawn at random within each layer (Frankle et al. 2021)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.compress import filters, pruning
from bench.compress.budget import Budget
from bench.compress.method import Method, NotApplicable, require_unrounded
from bench.compress.workbench import Workbench
from bench.footprint.compressed import Compressed

if TYPE_CHECKING:
    import torch

APART = 2**31  # from the seeds of methods that choose at random themselves


@dataclass(frozen=True)
class Shuffled(Method):
    """Separates the effect of which weights a method chooses from that of how many it leaves in each layer.

    For a chain, as `magnitude:sparsity=0.9+shuffled+finetune`, behind a method that prunes single weights: as many
    survive in each layer, at random positions. Behind one that takes out channels, as `taylor+shuffled+finetune`, as
    many channels of each layer do, whichever. They have the values with which the chain began, and nothing is trained;
    `anew` they have the initial values of the cell's seed and are trained by the model's own recipe, as in
    `snip+shuffled:anew=true`: fresh values behind a method that starts from others, as SNIP does.

    Source: Pruning Neural Networks at Initialization: Why Are We Missing the Mark?, whose two tests, shuffled masks and
    weights drawn again, `anew` makes at once.

    Args:
        anew: whether the network begins with initial weights.
    """

    anew: bool = False

    version = 2  # channels are drawn from a stream of its own
    family = "control"
    title = "Shuffled masks"
    controls = True
    source = "frankle2021pruning"
    trains = True

    def budget(self, finetuning: float, training: float) -> Budget:
        """See Method."""
        return Budget(trained=training if self.anew else 0)

    def __call__(self, compressed: Compressed, workbench: Workbench) -> Compressed:
        """See Method."""
        require_unrounded(compressed)
        kinds = {step["kind"] for step in compressed.structure}
        if kinds - {"thin-channels", "channel-order"} or (kinds and compressed.masks):
            raise NotApplicable("its layers are no longer those that it began with, whose weights are needed again")
        if kinds:
            return self._thinned(compressed, workbench)
        if not compressed.masks:
            raise NotApplicable("no method before it has pruned weights or channels: there is nothing to shuffle")
        masks = pruning.masking.random_like(compressed.masks, workbench.seed)
        if self.anew:
            return pruning.masking.trained(compressed.but(network=workbench.fresh(), masks={}), workbench, masks)
        return pruning.masking.pruned(compressed.but(network=_original(workbench), masks={}), masks)

    def _thinned(self, compressed: Compressed, workbench: Workbench) -> Compressed:
        """Other channels of the network that the chain began with, as many of each layer."""
        engine = filters.thinning
        network = workbench.fresh() if self.anew else _original(workbench)
        start = compressed.but(network=network, structure=())
        groups = engine.prunable(start, (), "all")
        counts = [compressed.network.get_parameter(group.writers[0]).shape[0] for group in groups]
        choose = engine.random_choice(workbench.seed + APART)
        control = engine.thinned(start, list(zip(groups, counts, strict=True)), choose)
        wanted = [parameter.shape for parameter in compressed.network.parameters()]
        if wanted != [parameter.shape for parameter in control.network.parameters()]:
            raise NotApplicable("some of its layers were narrowed that cannot be thinned one by one")
        if not self.anew:
            return control
        history = workbench.train(control.network)
        return control.but(history=(*control.history, *history))


def _original(workbench: Workbench) -> torch.nn.Module:
    network = workbench.original()
    if network is None:
        raise NotApplicable("the chain began with random weights, which anew=true trains and nothing else does")
    return network
