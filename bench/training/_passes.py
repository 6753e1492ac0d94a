"""Forward and backward pass of a batch: kernel by kernel or, on a GPU, one recording that is replayed every step.

Source: Nguyen et al., Accelerating PyTorch with CUDA Graphs (2021).
"""

# A GPU finishes a kernel of a small network before Python has launched the next, so that it mostly waits. A CUDA graph
# records the kernels of one step, with their arguments, and launches them as a whole. It knows nothing but memory:
#
# - Inputs are copied into the recorded tensors, and loss and gradients are read where the recording wrote them. If a
#   weight moves to other memory (a method replaced it), the recording no longer fits and is not used.
# - What Python decides from step to step is frozen: only networks that decide nothing in Python are recorded.
# - It must not wait for the GPU while recording (`.item()`, copies to the CPU).
#
# A wrong recording raises no error, so each one is tried once: replayed and computed the usual way on one batch, loss
# and gradients must agree up to rounding. Buffers and random state are restored after each trial.

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from torch import nn

from bench.training import translation
from bench.training._objective import Objective
from bench.training.loading import Pixels

Compute = Callable[[], torch.Tensor]
Recorder = Callable[[Compute], tuple[Callable[[], None], torch.Tensor]]  # to a function that replays it, and its result
RECORDED = ("torch", "torchvision", "bench")  # packages whose modules decide nothing in Python
WARM_UP = 3  # passes before a recording, as libraries set themselves up in the first ones
WORTH_IT = 50  # steps; recording takes as long as several
TOLERANCE = 0.05  # of the gradients' norm: rounding in bfloat16 stays far below it, wrong memory does not


class Passes:
    """Computes the loss of a batch kernel by kernel, and leaves its gradients in the weights.

    Args:
        bfloat16: compute in mixed precision: weights, their gradients and sums stay float32.
        compiled: have the network translated by `torch.compile`.
    """

    def __init__(
        self,
        network: nn.Module,
        objective: Objective,
        optimizer: torch.optim.Optimizer,
        device: torch.device,
        *,
        bfloat16: bool = False,
        compiled: bool = False,
    ):
        self.network, self.objective, self.optimizer, self.device = network, objective, optimizer, device
        self.bfloat16, self.compiled = bfloat16, compiled
        self.forward = translation.compiled.Compiled(network) if compiled else network

    @property
    def parameters(self) -> list[nn.Parameter]:
        """The parameters that are trained."""
        return [parameter for group in self.optimizer.param_groups for parameter in group["params"]]

    def __call__(self, images: Pixels, targets: Any) -> torch.Tensor:
        """The loss, a scalar on the device, of normalised images and their targets."""
        self.optimizer.zero_grad(set_to_none=True)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.bfloat16):
            loss = self.objective(self.forward, images, targets)
        loss.backward()
        return loss.detach()


class Replayed:
    """Records the first batch and replays that; goes kernel by kernel if recording fails or gives other gradients."""

    def __init__(self, passes: Passes, record: Recorder):
        self.passes, self.record = passes, record
        self.recording: _Recording | None = None
        self.tried = False

    def __call__(self, images: Pixels, targets: Any) -> torch.Tensor:
        """The loss, in memory that the next call overwrites."""
        if not (isinstance(images, torch.Tensor) and isinstance(targets, torch.Tensor)):
            return self.passes(images, targets)  # only a tensor can be copied into the memory that a recording reads
        if not self.tried:
            self.recording = _recorded(self.passes, images, targets, self.record)
            self.tried = True
        if self.recording is None or not self.recording.fits(images):
            return self.passes(images, targets)
        return self.recording(images, targets)


class _Recording:
    def __init__(self, passes: Passes, images: torch.Tensor, targets: torch.Tensor, record: Recorder):
        self.network, self.parameters = passes.network, passes.parameters
        self.images, self.targets = images.clone(), targets.clone()
        self.addresses = _addresses(self.network)
        self.replay, self.loss = record(lambda: passes(self.images, self.targets))
        self.gradients = [parameter.grad for parameter in self.parameters]

    def fits(self, images: torch.Tensor) -> bool:
        """Whether the batch has the recorded shape and the weights are where they were."""
        return images.shape == self.images.shape and _addresses(self.network) == self.addresses

    def __call__(self, images: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        self.images.copy_(images)
        self.targets.copy_(targets)
        self.replay()
        for parameter, gradient in zip(self.parameters, self.gradients, strict=True):
            parameter.grad = gradient
        return self.loss


def make_passes(passes: Passes, steps: int, teacher: nn.Module | None) -> Passes | Replayed:
    """Recorded passes on a GPU if the training is long enough and its networks can be recorded, else plain ones.

    A recording that does not pass its trial is not used. What `torch.compile` made is never recorded.

    Args:
        steps: of the training.
        teacher: network that the objective runs too.
    """
    networks = [passes.network] if teacher is None else [passes.network, teacher]
    on_gpu = passes.device.type == "cuda" and not passes.compiled
    if on_gpu and steps >= WORTH_IT and all(map(can_be_recorded, networks)):
        return Replayed(passes, partial(record_on_gpu, passes.device))
    return passes


def can_be_recorded(network: nn.Module) -> bool:
    """Whether all modules come from packages that decide nothing in Python from step to step, and carry no hooks."""
    return all(
        type(module).__module__.split(".")[0] in RECORDED
        and not any(
            getattr(module, f"_{name}_hooks") for name in ("forward", "forward_pre", "backward", "backward_pre")
        )
        for module in network.modules()
    ) and not any(parameter._post_accumulate_grad_hooks for parameter in network.parameters())


def record_on_gpu(device: torch.device, compute: Compute) -> tuple[Callable[[], None], torch.Tensor]:
    """Record the kernels that a function launches.

    Returns:
        A function that replays them, and the function's result, whose memory a replay writes to.

    Raises:
        RuntimeError: the function waits for the GPU somewhere, or cannot be recorded for another reason.
    """
    with torch.cuda.device(device):
        side = torch.cuda.Stream()  # CUDA does not record the default stream
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side), _waits_refused():
            for _ in range(WARM_UP):
                compute()
        torch.cuda.current_stream().wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, stream=side, capture_error_mode="thread_local"):
            answer = compute()
    return graph.replay, answer


def _recorded(passes: Passes, images: torch.Tensor, targets: torch.Tensor, record: Recorder) -> _Recording | None:
    try:
        with _undone(passes.network):
            recording = _Recording(passes, images, targets, record)
        with _undone(passes.network):
            replayed = recording(images, targets).clone(), _copies(recording.gradients)
        with _undone(passes.network):
            computed = passes(images, targets), _copies([parameter.grad for parameter in passes.parameters])
    except RuntimeError:  # an error that has nothing to do with recording comes up again without it
        return None
    return recording if _agree(replayed, computed) else None


@contextmanager
def _undone(network: nn.Module) -> Iterator[None]:
    """Restore all buffers, such as batch-norm statistics, and the state of random numbers at the end."""
    before = [(buffer, buffer.clone()) for buffer in network.buffers()]
    gpus = sorted({weight.device.index for weight in network.parameters() if weight.is_cuda})
    try:
        with torch.random.fork_rng(devices=gpus):
            yield
    finally:
        for buffer, values in before:
            buffer.copy_(values)


@contextmanager
def _waits_refused() -> Iterator[None]:
    """Raise where a function waits for the GPU."""
    before = torch.cuda.get_sync_debug_mode()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Synchronization debug mode is a prototype", UserWarning)
        torch.cuda.set_sync_debug_mode("error")
    try:
        yield
    finally:
        torch.cuda.set_sync_debug_mode(before)


def _addresses(network: nn.Module) -> tuple[int, ...]:
    return tuple(tensor.data_ptr() for tensors in (network.parameters(), network.buffers()) for tensor in tensors)


def _copies(gradients: list[torch.Tensor | None]) -> list[torch.Tensor | None]:
    return [None if gradient is None else gradient.clone() for gradient in gradients]


def _agree(
    first: tuple[torch.Tensor, list[torch.Tensor | None]], second: tuple[torch.Tensor, list[torch.Tensor | None]]
) -> bool:
    # One norm over loss and all gradients: a layer whose gradient is almost 0 would differ by rounding alone.
    if [gradient is None for gradient in first[1]] != [gradient is None for gradient in second[1]]:
        return False
    pairs = [(a, b) for a, b in zip([first[0], *first[1]], [second[0], *second[1]], strict=True) if a is not None]
    apart = torch.stack([(a - b).float().norm() for a, b in pairs if b is not None])
    size = torch.stack([b.float().norm() for _, b in pairs if b is not None])
    return bool(apart.norm() <= TOLERANCE * size.norm())
