"""NNCF's pruning: masks that hang on a network while it is trained, and what is left when they are taken off."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy

from bench.nncf_runtime import hookable, nncf

import torch

from bench.compress.method import NotApplicable, require_unrounded
from bench.compress.pruning import masking
from bench.compress.pruning.gradual import Gradually
from bench.compress.workbench import Workbench
from bench.footprint.compressed import Compressed
from bench.zoo.networks.checkpoint import fill

# isort: split
from nncf.parameters import PruneMode
from nncf.torch.function_hook.pruning.magnitude.algo import get_pruned_modules as magnitude_masks
from nncf.torch.function_hook.pruning.magnitude.algo import update_pruning_ratio
from nncf.torch.function_hook.pruning.rb.algo import get_pruned_modules as learned_masks
from nncf.torch.function_hook.pruning.rb.losses import RBLoss
from nncf.torch.function_hook.pruning.scheduler_fns import exponential_ratio_scheduler

MAGNITUDE = {"local": PruneMode.UNSTRUCTURED_MAGNITUDE_LOCAL, "global": PruneMode.UNSTRUCTURED_MAGNITUDE_GLOBAL}
TIMES = 20  # that the sparsity is raised in gradual pruning
SHARE = 0.5  # of the training, in which it is
LEARNING = 0.5  # share of the epochs in which masks are learned; in the rest they are fixed


def by_magnitude(
    compressed: Compressed, workbench: Workbench, *, sparsity: float, scope: str, gradual: bool, distill: bool
) -> Compressed:
    """Prune and train under NNCF's magnitude masks, under which a weight of zero always stays zero.

    Args:
        scope: a key of `MAGNITUDE`.
        gradual: by NNCF's exponential schedule, else before the first step.

    Raises:
        NotApplicable: NNCF cannot trace the network, or its weights are rounded already.
    """
    mode = MAGNITUDE[scope]
    network = _wrapped(compressed, mode, sparsity)

    def prune(progress: float) -> None:
        ratio = exponential_ratio_scheduler(
            round(progress * TIMES), initial_ratio=0.0, target_ratio=sparsity, target_epoch=TIMES
        )
        _update(network, mode, ratio)

    pruning = Gradually(prune, TIMES, SHARE)
    history = workbench.finetune(
        network,
        before_step=pruning if gradual else None,
        distill=distill,
    )
    if gradual:
        pruning.finish()
    masks = {name: mask.binary_mask for name, mask in magnitude_masks(network).items()}
    return _unwrapped(network, masks, compressed.but(history=(*compressed.history, *history)))


def _update(network: torch.nn.Module, mode: PruneMode, ratio: float) -> None:
    """Set the masks anew. NNCF reads only contiguous weights, and training holds them in another layout."""
    probe = deepcopy(network).to(memory_format=torch.contiguous_format)
    update_pruning_ratio(probe, mode, ratio)
    for name, mask in magnitude_masks(network).items():
        mask.binary_mask.copy_(magnitude_masks(probe)[name].binary_mask)


def by_regularization(compressed: Compressed, workbench: Workbench, *, sparsity: float, distill: bool) -> Compressed:
    """Learn masks and weights together under NNCF's regularisation-based pruning.

    NNCF's loss pulls the share of weights that survive towards the target. Masks are trained by Adam beside the
    recipe's optimizer, whose steps their tiny gradients would not move. In the end exactly floor(sparsity · N) weights
    go: those whose masks are lowest, and of equals the smallest.

    Raises:
        NotApplicable: NNCF cannot trace the network, or its weights are rounded already.
    """
    network = _wrapped(compressed, PruneMode.UNSTRUCTURED_REGULARIZATION_BASED, None)
    learned = {name: module.mask for name, module in sorted(learned_masks(network).items())}
    training = _MaskTraining(list(learned.values()), RBLoss(network, sparsity))
    own = {id(mask) for mask in learned.values()}
    keep_zeros = masking.keep_zeros(network, compressed.masks)

    def after_step(step: int, steps: int) -> None:
        training.after_step(step, steps)
        keep_zeros(step, steps)

    history = workbench.finetune(
        network,
        parameters=[parameter for parameter in network.parameters() if id(parameter) not in own],
        before_step=training.before_step,
        after_step=after_step,
        distill=distill,
        epochs=LEARNING * workbench.epochs,
    )
    masks = _lowest_out(network, learned, sparsity)
    pruned = _unwrapped(network, masks, compressed.but(history=(*compressed.history, *history)))
    return masking.retrained(pruned, workbench, distill=distill, epochs=(1 - LEARNING) * workbench.epochs)


class _MaskTraining:
    """Adam for masks that the loop's optimizer leaves alone, on the task's gradient and the regularisation's."""

    def __init__(self, masks: list[torch.nn.Parameter], loss: torch.nn.Module):
        self.masks, self.loss = masks, loss
        self.optimizer = torch.optim.Adam(masks)

    def before_step(self, step: int, steps: int) -> None:
        self.optimizer.zero_grad()

    def after_step(self, step: int, steps: int) -> None:
        """The pace lets a mask fall from where it starts to 0 within `SHARE` of the training."""
        if step == 0:
            self.pace = float(self.masks[0].detach().max()) / (SHARE * steps)
        self.optimizer.param_groups[0]["lr"] = self.pace
        self.loss().backward()
        self.optimizer.step()


def _wrapped(compressed: Compressed, mode: PruneMode, ratio: float | None) -> torch.nn.Module:
    require_unrounded(compressed)
    if compressed.example is None:
        raise ValueError("NNCF prunes along the graph: give `Compressed` an `example`")
    try:
        return nncf.prune(
            hookable(deepcopy(compressed.network)), mode=mode, ratio=ratio, examples_inputs=compressed.example
        )
    except (nncf.ValidationError, nncf.UnsupportedModelError, nncf.InternalError) as error:
        raise NotApplicable(f"NNCF cannot prune it: {error}") from error


def _unwrapped(network: torch.nn.Module, masks: Mapping[str, torch.Tensor], compressed: Compressed) -> Compressed:
    """The trained weights under the masks, in modules that know nothing of NNCF."""
    state = network.state_dict()
    plain = deepcopy(compressed.network)
    fill(plain, {name: state[name] for name in plain.state_dict()})
    return masking.pruned(compressed.but(network=plain), masks)


def _lowest_out(
    network: torch.nn.Module, learned: Mapping[str, torch.Tensor], sparsity: float
) -> dict[str, torch.Tensor]:
    scores = torch.cat([mask.detach().flatten() for mask in learned.values()])
    sizes = torch.cat([network.get_parameter(name).detach().abs().flatten() for name in learned])
    by_size = sizes.argsort(stable=True)
    order = by_size[scores[by_size].argsort(stable=True)]
    survives = torch.ones_like(scores, dtype=torch.bool)
    survives[order[: int(sparsity * len(order))]] = False
    parts = survives.split([mask.numel() for mask in learned.values()])
    return {name: part.reshape(mask.shape) for (name, mask), part in zip(learned.items(), parts, strict=True)}
