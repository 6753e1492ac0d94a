"""Trained with soft thresholds that learn how sparse each layer is (STR, Kusupati et al. 2020)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from bench.compress import pruning
from bench.compress.budget import Budget
from bench.compress.method import Method
from bench.compress.workbench import Workbench
from bench.footprint.compressed import Compressed


@dataclass(frozen=True)
class Str(Method):
    """A fresh network is trained by the model's own recipe through sign(w)·max(|w| - sigmoid(s), 0), one s per layer.

    No setting of the paper is a sparsity: it follows from where s starts and how fast it decays. So the network is
    trained several times, the decay is searched for the sparsity, and the nearest network loses its smallest weights
    down to the exact number. All of these trainings count; the log says what came out of each. Decay is a part of the
    gradient, so that optimizers that rescale gradients, such as Adam, hardly mind it.

    Source: Soft Threshold Weight Reparameterization for Learnable Sparsity, equations 4 to 7.

    Args:
        sparsity: share of convolution and linear weights to be zero; more are if no training came near it from below.
        trials: trainings of the search.
        initial: start of every s. At -10 a threshold is 5e-5; the authors' -3200 is for 500,000 steps.
        decay: of s, as weight decay, in place of a search: one training, as sparse as comes out, whatever `sparsity`
            says.
    """

    sparsity: Annotated[float, Field(gt=0, lt=1)] = 0.8
    trials: Annotated[int, Field(ge=1, le=20)] = 5
    initial: Annotated[float, Field(le=-1e-3, allow_inf_nan=False)] = -10.0
    decay: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None

    version = 2  # the last epoch is kept, and thresholds do not decay
    family = "pruning"
    title = "STR"
    source = "kusupati2020soft"
    start = "random"
    trains = True

    def budget(self, finetuning: float, training: float) -> Budget:
        """See Method."""
        return Budget(trained=training if self.decay is not None else self.trials * training)

    def __call__(self, compressed: Compressed, workbench: Workbench) -> Compressed:
        """See Method."""
        engine = pruning.soft_threshold
        if self.decay is not None:
            return engine.trained(compressed, workbench, self.initial, self.decay)
        return engine.searched(compressed, workbench, self.sparsity, self.initial, self.trials)
