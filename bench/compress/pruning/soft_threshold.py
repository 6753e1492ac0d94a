"""Soft thresholds that are trained with the weights, one per layer (STR, Kusupati et al. 2020)."""

from __future__ import annotations

import logging
import math
from copy import deepcopy
from dataclasses import dataclass

import torch

from bench.compress.method import require_unrounded
from bench.compress.pruning import allocation, masking
from bench.compress.pruning.reparametrised import RealWeights, Reparametrisation
from bench.compress.workbench import Workbench
from bench.footprint.compressed import Compressed

FURTHER = 2.0  # times the shift that weights as they are would need, since others grow when a threshold rises
FIRST = 2e-5  # decay in the first training of a search, as in the paper's on ImageNet
DENSER = 1.02  # a search aims at so many times the survivors, since weights can be removed later but not added
NEAR = 0.02  # a training that misses the sparsity by less from below is preferred to one that misses it from above
SAMPLE = 2**18  # weights, of which quantiles are estimated
NEAREST = -1e-6  # end of s to which a search goes at most


def soft(weight: torch.Tensor, s: torch.Tensor) -> torch.Tensor:
    """sign(w)·max(|w| - sigmoid(s), 0) (equation 4).

    >>> soft(torch.tensor([1.0, -0.75, 0.25]), torch.tensor(0.0))
    tensor([ 0.5000, -0.2500,  0.0000])
    """
    return weight.sign() * (weight.abs() - s.sigmoid()).clamp(min=0)


class SoftThresholds(Reparametrisation):
    """The forward pass sees soft-thresholded weights; each layer's s learns by the loss, and decays towards 0.

    Args:
        network: is given one parameter more, which holds every layer's s; see `released`.
        start: of every s, below 0.
        decay: of s: as much of it is added to its gradient.
    """

    # dL/dw = dL/dw̃ where |w| > g(s), else 0, and dL/ds = -g'(s)·Σ dL/dw̃·sign(w) over those, with g' = g·(1 - g)
    # (their equations 5 to 7). Decay moves s from far below 0, where nothing is pruned, to where thresholds count. The
    # last s belongs to no layer: decay alone moves it, which shows how far s falls in a training.

    def __init__(self, network: torch.nn.Module, start: float, decay: float):
        self.names = list(masking.prunable(network))
        self.decay = decay
        device = network.get_parameter(self.names[0]).device
        self.s = torch.nn.Parameter(torch.full((len(self.names) + 1,), start, device=device))
        self.s.of_method = True  # type: ignore[attr-defined]  # its decay is the one below, and not the recipe's too
        self.attribute = "soft_thresholds"
        while hasattr(network, self.attribute):
            self.attribute += "_"
        network.register_parameter(self.attribute, self.s)

    def visible(self, name: str, real: torch.Tensor) -> torch.Tensor:
        """See Reparametrisation."""
        return soft(real, self._of(name))

    def gradient(self, name: str, real: torch.Tensor, gradient: torch.Tensor) -> torch.Tensor:
        """See Reparametrisation; adds to the gradient of s."""
        s = self._of(name)
        threshold = s.sigmoid()
        survives = real.abs() > threshold
        if self.s.grad is None:
            self.s.grad = self.decay * self.s.detach()
        flow = (gradient * real.sign() * survives).sum()
        self.s.grad[self.names.index(name)] -= threshold * (1 - threshold) * flow
        return gradient * survives

    def released(self, network: torch.nn.Module) -> list[float]:
        """Take the parameter out of the network: the final s of each layer, and last what decay alone made of it."""
        delattr(network, self.attribute)
        return self.s.detach().tolist()

    def _of(self, name: str) -> torch.Tensor:
        return self.s.detach()[self.names.index(name)]


@dataclass(frozen=True)
class SoftTraining:
    """One whole training.

    Attributes:
        network: with visible weights.
        left: weights that are not zero, of so many `weights`.
        end: where s would be by decay alone.
        shift: of every s by which its real weights would have the wanted sparsity.
        history: one row per epoch.
    """

    network: torch.nn.Module
    left: int
    weights: int
    end: float
    shift: float
    history: tuple[dict[str, float], ...]

    @property
    def sparsity(self) -> float:
        """Share of the weights that are zero."""
        return 1 - self.left / self.weights


def tried(
    compressed: Compressed, workbench: Workbench, start: float, decay: float, wanted: float | None
) -> SoftTraining:
    """Train a copy once by the model's own recipe."""
    network = deepcopy(compressed.network)
    thresholds = SoftThresholds(network, start, decay)
    weights = RealWeights(network, thresholds)
    with weights.watching():
        history = workbench.train(network, after_step=weights.after_step)
    *final, alone = thresholds.released(network)
    shift = 0.0 if wanted is None else _shift(list(weights.real.values()), final, wanted)
    left = sum(int(weight.count_nonzero()) for weight in masking.prunable(network).values())
    total = sum(weight.numel() for weight in weights.real.values())
    return SoftTraining(network, left, total, alone, shift, history)


def trained(compressed: Compressed, workbench: Workbench, start: float, decay: float) -> Compressed:
    """A copy trained once, as sparse as comes out.

    Raises:
        NotApplicable: a tensor has a representation already.
    """
    require_unrounded(compressed)
    trial = tried(compressed, workbench, start, decay, None)
    logging.getLogger(__name__).info("soft thresholds came out at a sparsity of %.4f", trial.sparsity)
    return _pruned(compressed, trial, trial.left)


def searched(compressed: Compressed, workbench: Workbench, sparsity: float, start: float, trials: int) -> Compressed:
    """The best of several trainings, in which the decay of s is searched for a sparsity.

    Where it is not sparser than asked, its smallest weights are then removed down to the exact number; else it stays as
    it is.

    Args:
        start: of every s.

    Raises:
        NotApplicable: a tensor has a representation already.
    """
    # Thresholds must come when the network has learned: from the first step on they would empty layers that are drawn
    # with small weights, which never recover since no gradient passes a threshold. So s starts far below, and the decay
    # λ is what is searched for. By decay alone s ends at e = start·exp(-λE), where E, the sum of the learning rates
    # with momentum, is what the first training shows. Each training also shows by how much its s should have been
    # higher for its weights to be as sparse as asked. Weights grow under higher thresholds, so e moves further than
    # that from the second training on; once there are trainings on both sides, to where a line through both is zero.
    require_unrounded(compressed)
    aim = max(1 - DENSER * (1 - sparsity), sparsity / 2)
    near, far, decay, reach = (NEAREST, 0.0), (start, 0.0), FIRST, 0.0  # ends of s, with the shifts from there
    done: list[SoftTraining] = []
    for _ in range(trials):
        trial = tried(compressed, workbench, start, decay, aim)
        done.append(trial)
        reach = reach or max(math.log(start / min(trial.end, NEAREST)) / decay, 1e-9)
        end = start * math.exp(-decay * reach)
        if trial.sparsity > aim:
            near = min(near, (end, trial.shift))
        else:
            far = max(far, (end, trial.shift))
        wanted = end + trial.shift * (1 if len(done) == 1 else FURTHER)
        if near[1] < 0 < far[1]:
            wanted = far[0] + (near[0] - far[0]) * far[1] / (far[1] - near[1])
        decay = math.log(start / (wanted if far[0] < wanted < near[0] else -math.sqrt(near[0] * far[0]))) / reach
    count = allocation.survivors(sparsity, done[0].weights)
    below = [trial for trial in done if 0 <= trial.left - count <= NEAR * trial.weights]
    chosen = min(below or done, key=lambda trial: abs(math.log((trial.left + 1) / (count + 1))))
    logging.getLogger(__name__).info(
        "soft thresholds came out at sparsities of %s; %.4f was asked for, and the network of %.4f is taken",
        ", ".join(f"{trial.sparsity:.4f}" for trial in done),
        sparsity,
        chosen.sparsity,
    )
    return _pruned(compressed, chosen, min(count, chosen.left))


def _pruned(compressed: Compressed, trial: SoftTraining, count: int) -> Compressed:
    """The network of a trial, of whose weights the `count` largest survive."""
    magnitudes = {name: weight.detach().abs() for name, weight in masking.prunable(trial.network).items()}
    masks = masking.joined(allocation.best(magnitudes, count), compressed.masks)
    masking.apply(trial.network, masks)
    history = (*compressed.history, *trial.history)
    return compressed.but(network=trial.network, masks=masks, history=history)


def _shift(weights: list[torch.Tensor], final: list[float], wanted: float) -> float:
    """What to add to every s, so that a share of all weights is not above the thresholds; estimated from a sample."""
    # |w| ≤ sigmoid(s + d) where logit|w| - s ≤ d, so d is a quantile
    stride = max(1, sum(weight.numel() for weight in weights) // SAMPLE)
    distances = [
        weight.flatten()[::stride].abs().double().clamp(1e-30, 1 - 1e-9).logit() - s
        for weight, s in zip(weights, final, strict=True)
    ]
    together = torch.cat(distances)
    return float(together.kthvalue(max(1, int(wanted * len(together)))).values)
