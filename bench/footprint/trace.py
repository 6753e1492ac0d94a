"""The graph of a network, from one real forward pass: operations, the values they read and write, and their cost.

Operations are recorded below autograd, where every way of writing a network comes down to the same few hundred of
PyTorch's. Only values that depend on the network's input are part of the graph: what is computed from parameters alone
could be computed once and stored, and costs nothing at inference.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from bench.footprint.macs import macs

# elementwise in effect, though PyTorch does not tag them: same shape, and an element is done with once it is read
_ELEMENTWISE = (
    "leaky_relu",
    "batch_norm",
    "layer_norm",
    "group_norm",
    "_softmax",
    "_log_softmax",
    "_prelu_kernel",
    "hardswish",
)


Watch = Callable[[int, Sequence[torch.Tensor]], None]

# functions whose result is one number everywhere, until something is written to it
_UNIFORM = ("zeros", "ones", "full", "new_zeros", "new_ones", "new_full", "zeros_like", "ones_like", "full_like")


@dataclass(frozen=True)
class Value:
    """A tensor that depends on the network's input.

    Attributes:
        buffer: identifier of the memory that holds it; views of the same memory share it.
        shape, strides, offset: where it lies in that memory, in numbers and not bytes.
    """

    buffer: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    offset: int


@dataclass(frozen=True)
class Operation:
    """One computation. Views (reshape, slice, transpose) are not operations.

    Attributes:
        name: PyTorch's, e.g. "convolution".
        module: name of the innermost module that runs it.
        inputs, outputs: values; an operation in place has its output's buffer among its inputs'.
        parameters: names of the parameters and buffers that it uses.
        shapes: of these, as it uses them: a bias of a feature map may come as (C, 1, 1).
        macs: multiply-accumulates, of convolutions, matrix products and recurrent layers; 0 for all others.
        elementwise: whether its output could overwrite its input.
        axes: axes of its first input along which it works, if it takes a `dim`.
        constants: whether it uses tensors of several different numbers that are neither values nor parameters or
            buffers.
        uncounted: whether nobody knows its multiply-accumulates, so that `macs` is 0.
        own_statistics: whether it normalises by statistics of what it is given, and by none that were kept.
    """

    name: str
    module: str
    inputs: tuple[Value, ...]
    outputs: tuple[Value, ...]
    parameters: tuple[str, ...]
    macs: int
    elementwise: bool
    axes: tuple[int, ...] = ()
    constants: bool = False
    uncounted: bool = False
    own_statistics: bool = False
    shapes: tuple[tuple[int, ...], ...] = ()


@dataclass(frozen=True)
class Call:
    """One call of a module.

    Attributes:
        input, output: the first tensor of each; None if not part of the graph.
        begin, end: how many operations had been recorded when it began, and when it ended.
    """

    module: str
    input: Value | None
    output: Value | None
    begin: int
    end: int


@dataclass
class Trace:
    """The record of a forward pass.

    Attributes:
        operations: in order.
        calls: of modules, in the order in which they end.
        elements: size of each buffer in numbers, by its identifier.
        inputs, outputs: buffers of the network's own input and output.
        reads: parameters and buffers with the modules in which any operation reads them, of feature maps or not.
    """

    operations: list[Operation] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    elements: dict[int, int] = field(default_factory=dict)
    inputs: tuple[int, ...] = ()
    outputs: tuple[int, ...] = ()
    reads: set[tuple[str, str]] = field(default_factory=set)

    @property
    def macs(self) -> int:
        """Multiply-accumulates of all convolutions and matrix products; additions of biases are not counted."""
        return sum(operation.macs for operation in self.operations)

    @property
    def macs_unknown(self) -> tuple[str, ...]:
        """The operations that `macs` lacks, each with its module, sorted."""
        return tuple(sorted({f"{o.name} ({o.module or 'network'})" for o in self.operations if o.uncounted}))


def trace(network: torch.nn.Module, example: torch.Tensor, watch: Watch | None = None) -> Trace:
    """Run `network` once in eval mode and record what it does.

    Args:
        example: (1, C, H, W) float32.
        watch: called behind each operation with its number and the tensors of its inputs, in the order of `inputs`.
    """
    parameters = {**dict(network.named_parameters()), **dict(network.named_buffers())}
    anchor = next(iter(parameters.values()), example)
    example = example.detach().to(anchor.device, copy=True)
    recorder = _Recorder(parameters, watch)
    with ExitStack() as stack:
        stack.enter_context(_in_eval_mode(network))
        stack.enter_context(_without_fused_attention())
        stack.enter_context(recorder.following(network))
        stack.enter_context(torch.no_grad())
        recorder.trace.inputs = (recorder.new_buffer(example),)
        with recorder:
            output = network(example)
    recorder.trace.outputs = tuple({value.buffer for value in recorder.values(output)})
    return recorder.trace


class _Recorder(TorchDispatchMode):
    """Records the operations that PyTorch dispatches while it is active."""

    # A value is identified by the memory (storage) of its tensor, so that views and operations in place need no rules.
    # The graph grows from the input: whatever an operation computes from a value of the graph is a value too.
    # Parameters are recognised by their memory as well, so a transposed or sliced weight still is that parameter.
    #
    # Every tensor is kept alive until the pass ends: PyTorch gives freed memory to the next tensor, and the two would
    # be taken for one value. So all feature maps must fit into memory at once, of one image.

    def __init__(self, parameters: dict[str, torch.Tensor], watch: Watch | None):
        super().__init__()
        self.trace, self.watch = Trace(), watch
        self._modules = [("", 0)]  # that are running, and how many operations had been recorded when each began
        self._buffers: dict[int, int] = {}
        self._alive: list[torch.Tensor] = []
        self._uniform: set[int] = set()
        # by memory and where in it each begins: parameters may be parts of one vector
        self._parameters: dict[int, dict[int, str]] = defaultdict(dict)
        for name, parameter in parameters.items():
            self._parameters[_memory(parameter)].setdefault(_place(parameter)[1], name)

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        inputs = self.values((args, kwargs))
        leaves = tree_leaves((args, kwargs)) if self.watch is not None else ()
        given = [leaf for leaf in leaves if isinstance(leaf, torch.Tensor) and _memory(leaf) in self._buffers]
        constants = any(self._is_constant(leaf) for leaf in tree_leaves((args, kwargs)))
        self.trace.reads.update((name, self._modules[-1][0]) for name, _ in self._parameters_in((args, kwargs)))
        out = func(*args, **kwargs)
        if func._schema.is_mutable:
            self._uniform -= {_memory(leaf) for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, torch.Tensor)}
        elif func._schema.name.partition("::")[2] in _UNIFORM:
            self._uniform.add(_memory(out))
        self._alive += (leaf for leaf in tree_leaves(out) if isinstance(leaf, torch.Tensor))
        if inputs:
            self._record(func, args, kwargs, inputs, out, constants, given)
        return out

    def _is_constant(self, leaf: Any) -> bool:
        if not isinstance(leaf, torch.Tensor) or leaf.numel() < 2:
            return False
        return not any(_memory(leaf) in known for known in (self._buffers, self._parameters, self._uniform))

    def _record(
        self,
        func: Any,
        args: Any,
        kwargs: Any,
        inputs: tuple[Value, ...],
        out: Any,
        constants: bool,
        given: Sequence[torch.Tensor],
    ) -> None:
        for leaf in tree_leaves(out):
            if isinstance(leaf, torch.Tensor):
                self.new_buffer(leaf)
        outputs = self.values(out)
        # an operation that isn't in place and whose outputs lie in its inputs' memory is a view: it computes nothing
        if not func._schema.is_mutable and {value.buffer for value in outputs} <= {value.buffer for value in inputs}:
            return
        name = func._schema.name.partition("::")[2]
        count = macs(func, args, kwargs, out)
        parameters = self._parameters_in((args, kwargs))
        self.trace.operations.append(
            Operation(
                name=name,
                module=self._modules[-1][0],
                inputs=inputs,
                outputs=outputs,
                parameters=tuple(name for name, _ in parameters),
                shapes=tuple(shape for _, shape in parameters),
                macs=count or 0,
                elementwise=torch.Tag.pointwise in func.tags or any(part in name for part in _ELEMENTWISE),
                axes=_axes(func, args, kwargs, len(inputs[0].shape)),
                constants=constants,
                uncounted=count is None,
                own_statistics=name == "native_batch_norm" and bool(args[5]),  # its argument `training`
            )
        )
        if self.watch is not None:
            self.watch(len(self.trace.operations) - 1, given)

    def new_buffer(self, tensor: torch.Tensor) -> int:
        """The buffer of a tensor, which is part of the graph from now on."""
        memory = _memory(tensor)
        if memory not in self._buffers:
            self._alive.append(tensor)
            self._buffers[memory] = len(self._buffers)
            values = _stored(tensor)
            self.trace.elements[self._buffers[memory]] = values.untyped_storage().nbytes() // values.element_size()
        return self._buffers[memory]

    def values(self, tree: Any) -> tuple[Value, ...]:
        """Values of the tensors in `tree` that are part of the graph."""
        tensors = (leaf for leaf in tree_leaves(tree) if isinstance(leaf, torch.Tensor))
        return tuple(
            Value(self._buffers[_memory(tensor)], tuple(tensor.shape), *_place(tensor))
            for tensor in tensors
            if _memory(tensor) in self._buffers
        )

    def _parameters_in(self, tree: Any) -> list[tuple[str, tuple[int, ...]]]:
        tensors = [leaf for leaf in tree_leaves(tree) if isinstance(leaf, torch.Tensor)]
        used = [tensor for tensor in tensors if _memory(tensor) in self._parameters]
        return [(self._name(tensor), tuple(tensor.shape)) for tensor in used]

    def _name(self, tensor: torch.Tensor) -> str:
        """The parameter that a tensor is a part of: the last that begins before it."""
        begins, offset = self._parameters[_memory(tensor)], _place(tensor)[1]
        return begins[max((begin for begin in begins if begin <= offset), default=min(begins))]

    @contextmanager
    def following(self, network: torch.nn.Module) -> Iterator[None]:
        """Keep track of which module runs."""
        handles = []
        for name, module in network.named_modules():
            handles.append(module.register_forward_pre_hook(partial(self._enter, name)))
            handles.append(module.register_forward_hook(partial(self._leave, name), with_kwargs=True, always_call=True))
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()

    def _enter(self, name: str, module: torch.nn.Module, args: Any) -> None:
        self._modules.append((name, len(self.trace.operations)))

    def _leave(self, name: str, module: torch.nn.Module, args: Any, kwargs: Any, output: Any) -> None:
        _, begin = self._modules.pop()
        inputs, outputs = self.values((args, kwargs)), self.values(output)
        first, last = next(iter(inputs), None), next(iter(outputs), None)
        self.trace.calls.append(Call(name, first, last, begin, len(self.trace.operations)))


def _memory(tensor: torch.Tensor) -> int:
    return _stored(tensor).untyped_storage()._cdata


def _stored(tensor: torch.Tensor) -> torch.Tensor:
    """The tensor itself, or what holds the numbers of a sparse one, by coordinates or by rows."""
    if tensor.layout is torch.strided:
        return tensor
    return tensor._values() if tensor.layout is torch.sparse_coo else tensor.values()


def _place(tensor: torch.Tensor) -> tuple[tuple[int, ...], int]:
    """Strides and offset; of a sparse tensor, that every element lies at the beginning."""
    if tensor.layout is torch.strided:
        return tensor.stride(), int(tensor.storage_offset())
    return (0,) * tensor.ndim, 0


def _axes(func: Any, args: Any, kwargs: Any, rank: int) -> tuple[int, ...]:
    # an argument of the schema may come by position or by name, be one axis or several, and count from the end
    positions = {argument.name: position for position, argument in enumerate(func._schema.arguments)}
    position = positions.get("dim", len(args))
    dim = args[position] if position < len(args) else kwargs.get("dim")
    axes = [dim] if isinstance(dim, int) else dim or []
    return tuple(axis % rank for axis in axes) if rank else ()


@contextmanager
def _in_eval_mode(network: torch.nn.Module) -> Iterator[None]:
    modes = {module: module.training for module in network.modules()}
    network.eval()
    try:
        yield
    finally:
        for module, training in modes.items():
            module.training = training


@contextmanager
def _without_fused_attention() -> Iterator[None]:
    """Run attention as matrix products; PyTorch's fused attention is one operation that hides them."""
    enabled = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with sdpa_kernel(SDPBackend.MATH):
            yield
    finally:
        torch.backends.mha.set_fastpath_enabled(enabled)
