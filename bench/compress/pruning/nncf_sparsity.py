"""NNCF's pruning: masks hung on a network while it is trained, and the plain network without them."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy

from bench.nncf_runtime import hookable, nncf

import torch

from bench.compress.method import NotApplicable, first_line, require_unrounded
from bench.compress.pruning import masking
from bench.compress.pruning.gradual import Gradually
from bench.compress.workbench import Workbench
from bench.errors import limit
from bench.footprint.compressed import Compressed
from bench.training.hooks import to_the_end
from bench.zoo.networks.checkpoint import fill

# isort: split
from nncf.parameters import PruneMode
from nncf.torch.function_hook.pruning.magnitude.algo import get_pruned_modules as magnitude_masks
from nncf.torch.function_hook.pruning.magnitude.algo import update_pruning_ratio
from nncf.torch.function_hook.pruning.rb.algo import get_pruned_modules as learned_masks
from nncf.torch.function_hook.pruning.rb.losses import RBLoss
from nncf.torch.function_hook.pruning.scheduler_fns import exponential_ratio_scheduler

MAGNITUDE = {"local": PruneMode.UNSTRUCTURED_MAGNITUDE_LOCAL, "global": PruneMode.UNSTRUCTURED_MAGNITUDE_GLOBAL}
TIMES = 20  # how often gradual pruning raises the sparsity
SHARE = 0.5  # share of the training in which it does


def by_magnitude(
    compressed: Compressed, workbench: Workbench, *, sparsity: float, scope: str, gradual: bool, distill: bool
) -> Compressed:
    """Prune and train under NNCF's magnitude masks; a weight that is zero always stays zero.

    Args:
        scope: a key of `MAGNITUDE`.
        gradual: raise the sparsity by NNCF's exponential schedule, else prune before the first step.

    Raises:
        NotApplicable: NNCF cannot trace the network, or a tensor has a representation already.
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
    """Compute the masks again, for another sparsity."""
    # NNCF reads only contiguous weights and the training loop holds them channels last, so a contiguous copy is asked,
    # and the values of its masks are copied into those that the network trains under.
    probe = deepcopy(network).to(memory_format=torch.contiguous_format)
    update_pruning_ratio(probe, mode, ratio)
    for name, mask in magnitude_masks(network).items():
        mask.binary_mask.copy_(magnitude_masks(probe)[name].binary_mask)


def by_regularization(compressed: Compressed, workbench: Workbench, *, sparsity: float, distill: bool) -> Compressed:
    """Learn masks and weights together under NNCF's regularisation-based pruning.

    In the end exactly floor(sparsity · N) weights are removed: lowest masks first, among equal masks the smallest.

    Raises:
        NotApplicable: NNCF cannot trace the network, or a tensor has a representation already.
    """
    # Each weight has a stochastic gate, open with the probability that the sigmoid of its mask gives (Louizos, Welling
    # and Kingma 2018); NNCF's loss pulls the share of masks above zero towards the target. The gradients of masks are
    # tiny and the recipe's optimizer would not move them, so Adam trains them beside it, at a pace set by their start.
    # The share rarely ends at exactly the target, hence the ranking. Under fixed masks the survivors train for the rest
    # of the epochs.
    network = _wrapped(compressed, PruneMode.UNSTRUCTURED_REGULARIZATION_BASED, None)
    learned = {name: module.mask for name, module in sorted(learned_masks(network).items())}
    training = _MaskTraining(list(learned.values()), RBLoss(network, sparsity))
    by_adam = {id(mask) for mask in learned.values()}
    keep_zeros = masking.keep_zeros(network, compressed.masks)

    @to_the_end
    def after_step(step: int, steps: int) -> None:
        training.after_step(step, steps)
        keep_zeros(step, steps)

    learning, training_on = workbench.divided(workbench.epochs, 2)
    history = workbench.finetune(
        network,
        parameters=[parameter for parameter in network.parameters() if id(parameter) not in by_adam],
        before_step=training.before_step,
        after_step=after_step,
        distill=distill,
        epochs=learning,
    )
    masks = _lowest_out(network, learned, sparsity)
    pruned = _unwrapped(network, masks, compressed.but(history=(*compressed.history, *history)))
    return masking.retrained(pruned, workbench, distill=distill, epochs=training_on)


class _MaskTraining:
    """Adam for the masks, on the gradients of the task's loss and of the regularisation."""

    def __init__(self, masks: list[torch.nn.Parameter], loss: torch.nn.Module):
        self.masks, self.loss = masks, loss
        self.optimizer = torch.optim.Adam(masks)

    def before_step(self, step: int, steps: int) -> None:
        self.optimizer.zero_grad()

    def after_step(self, step: int, steps: int) -> None:
        """Add the regularisation's gradient to the task's, and step."""
        # Adam's steps are about as long as its learning rate, so at this pace a mask that is always pulled down falls
        # from its start to 0, where its gate is open half of the time, within `SHARE` of the steps.
        if step == 0:
            self.pace = float(self.masks[0].detach().max()) / (SHARE * steps)
        self.optimizer.param_groups[0]["lr"] = self.pace
        self.loss().backward()
        self.optimizer.step()


def _wrapped(compressed: Compressed, mode: PruneMode, ratio: float | None) -> torch.nn.Module:
    require_unrounded(compressed)
    if compressed.example is None:
        raise ValueError("NNCF prunes along the graph: give `Compressed` an `example`")
    for name, module in compressed.network.named_modules():
        if "weight" in module._buffers:
            raise NotApplicable(f"the weight of {name} is a buffer, not a parameter that could be trained under a mask")
    try:
        return nncf.prune(
            hookable(deepcopy(compressed.network)), mode=mode, ratio=ratio, examples_inputs=compressed.example
        )
    except Exception as error:  # it runs the network's own code in its tracer, and either may fail in any way
        if limit(error) is not None:
            raise
        raise NotApplicable(f"NNCF cannot prune it: {first_line(error)}") from error


def _unwrapped(network: torch.nn.Module, masks: Mapping[str, torch.Tensor], compressed: Compressed) -> Compressed:
    """The trained weights under the masks, in plain modules without NNCF's hooks."""
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
