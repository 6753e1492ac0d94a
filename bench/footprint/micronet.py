"""The MicroNet score: parameters and operations, each in proportion to WideResNet-28-10; lower is better.

These are the rules of the MicroNet Challenge at NeurIPS 2019 (CIFAR-100 track), as its own counting code has them.
Multiplications and additions count one each, in proportion to the bits of their widest input. A dot product of length n
needs n multiplications and n - 1 additions, and a bias one more. A sparse weight counts its non-zeros and a mask of one
bit per weight, and zeros are not multiplied. An activation function counts a fixed number of multiplications and
additions per element. Batch normalisation is folded. If nothing is quantised below 16 bits, everything except additions
may be counted at 16 bits. An addition into an accumulator is charged at 32 bits, whatever the products' width.
Multiplying sums by the scale of their integers or signs is not counted, here as there.

The challenge wants 80% of accuracy on CIFAR-100; for other data the number is a size by the same rules, not a score in
that competition.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch

from bench.errors import InputError
from bench.footprint._header import Header, Tensor
from bench.footprint._section import side_bits, width
from bench.footprint.packed import header_of, skeleton
from bench.footprint.structure import quantized_inputs
from bench.footprint.trace import Operation, trace

REFERENCE_PARAMETERS = 36.5e6  # of WideResNet-28-10, in numbers of 32 bits
REFERENCE_OPERATIONS = 10.49e9
FULL = 32  # bits that count as one
FREE = 16  # bits to which anything may be taken without showing that it works

# Multiplications and additions per element of the output. The challenge's code knows ReLU, sigmoid and their kin, where
# an exponential, a division, and a slope count as one multiplication each. The others follow from their formulas in the
# same way: tanh(x) is 2 sigmoid(2x) - 1, softplus log(1 + exp(x)), mish x tanh(softplus(x)), GELU x (1 + erf(x/√2))/2.
# Normalisation by statistics of the image itself takes its mean and variance, one multiplication and three additions,
# before it scales and shifts.
_ACTIVATIONS = {
    "relu": (1, 0),
    "leaky_relu": (1, 0),
    "rrelu_with_noise": (1, 0),
    "_prelu_kernel": (1, 0),
    "threshold": (1, 0),
    "hardtanh": (2, 0),
    "clamp": (2, 0),
    "softshrink": (2, 1),
    "hardshrink": (2, 0),
    "sigmoid": (2, 1),
    "silu": (3, 1),
    "hardsigmoid": (3, 1),
    "hardswish": (4, 1),
    "exp": (1, 0),
    "tanh": (3, 2),
    "erf": (1, 0),
    "gelu": (4, 1),
    "elu": (2, 1),  # and SELU, which is one with another slope
    "celu": (3, 1),
    "softplus": (2, 1),
    "mish": (6, 3),
    "log_sigmoid_forward": (3, 1),
    "_softmax": (2, 1),
    "_safe_softmax": (2, 1),
    "_log_softmax": (2, 2),
    "glu": (3, 1),
    "pow": (1, 0),
    "sqrt": (1, 0),
    "rsqrt": (2, 0),
    "add": (0, 1),
    "sub": (0, 1),
    "rsub": (0, 1),
    "mul": (1, 0),
    "div": (1, 0),
    "addcmul": (1, 1),
    "native_batch_norm": (1, 1),
    "native_layer_norm": (3, 4),
    "native_group_norm": (3, 4),
}
# add up their inputs, then divide
_MEANS = ("mean", "avg_pool1d", "avg_pool2d", "avg_pool3d", "_adaptive_avg_pool2d", "_adaptive_avg_pool3d")
_COMPARISONS = ("max_pool2d_with_indices", "max_pool3d_with_indices", "amax")  # one per input, counted as in a ReLU


@dataclass(frozen=True)
class MicroNet:
    """Parameters and operations by the rules of the challenge.

    Attributes:
        parameters: in numbers of 32 bits.
        multiplications, additions: in operations of 32 bits.
    """

    parameters: float
    multiplications: float
    additions: float

    @property
    def operations(self) -> float:
        """Multiplications and additions."""
        return self.multiplications + self.additions

    @property
    def score(self) -> float:
        """Lower is better; the reference network has 2.0 in 32 bits."""
        return self.parameters / REFERENCE_PARAMETERS + self.operations / REFERENCE_OPERATIONS


def micronet(packed: bytes, fresh: torch.nn.Module, shape: tuple[int, ...]) -> MicroNet:
    """The score of a packed network.

    Args:
        fresh: the network that the compressed one started from, with any weights; it is used up.
        shape: of one image with its batch axis, (1, C, H, W).

    Raises:
        InputError: the file is no packed network, or does not belong to `fresh`.
    """
    header = header_of(packed)
    counts = _Counts(header)
    traced = trace(skeleton(header, fresh), torch.zeros(*shape))
    costs = [counts.operation(operation) for operation in traced.operations]
    return MicroNet(
        parameters=sum(map(counts.parameter_bits, header.tensors)) / FULL,
        multiplications=sum(multiplications for multiplications, _ in costs),
        additions=sum(additions for _, additions in costs),
    )


class _Counts:
    """How a network's tensors and operations are counted."""

    def __init__(self, header: Header):
        # The challenge's freebie: a network in which nothing is quantised counts parameters and multiplications at 16
        # bits without having to show that it works there. A single quantised tensor, or narrower feature maps, forfeits
        # it.
        self.stored = {tensor.name: tensor for tensor in header.tensors}
        numbers = [tensor for tensor in header.tensors if tensor.kind != "whole"]  # an index is never a float
        quantized = header.activation_bits < FREE or any(not _is_float(tensor) for tensor in numbers)
        self.widest = FULL if quantized else FREE
        self.activation_bits = header.activation_bits
        # XNOR-Net takes signs only before products, and quantisers of inputs stand there too, before some of them:
        # whatever lies between those is real
        try:
            self.inputs = quantized_inputs.widths(header.structure)
        except ValueError as error:
            raise InputError(f"this packed network is malformed: {error}") from error
        real_between = header.activation_bits == 1 or self.inputs is not None
        self.between = FULL if real_between else header.activation_bits

    def parameter_bits(self, tensor: Tensor) -> int:
        """Bits that a tensor counts: dense, or for weights non-zeros and a mask, whichever is less."""
        dense = math.prod(tensor.shape)
        if tensor.kind == "codebook":
            _, columns = tensor.side["codebook"].shape
            codes = dense // columns * width(tensor)
            sparse = (dense - tensor.zeros) * width(tensor) + dense if columns == 1 else codes
            return side_bits(tensor) + min(codes, sparse)
        bits = min(width(tensor), self.widest)
        sparse = (dense - tensor.zeros) * bits + dense
        return side_bits(tensor) + (min(dense * bits, sparse) if tensor.category == "weights" else dense * bits)

    def operation(self, operation: Operation) -> tuple[float, float]:
        """Multiplications and additions of an operation, in operations of 32 bits."""
        if operation.macs:
            return self._products(operation)
        name = operation.name.rstrip("_")
        elements = math.prod(operation.outputs[0].shape)
        read = math.prod(operation.inputs[0].shape)
        name = "native_group_norm" if operation.own_statistics else name  # as instance normalisation has them
        multiplications, additions = (count * elements for count in _ACTIVATIONS.get(name, (0, 0)))
        if name in _MEANS:
            multiplications, additions = elements, read - elements
        if name in _COMPARISONS:
            multiplications = read
        added = self.between if name not in _MEANS else FULL
        return multiplications * min(self.between, self.widest) / FULL, additions * added / FULL

    def _products(self, operation: Operation) -> tuple[float, float]:
        """Multiplications and additions of a convolution or matrix product, in operations of 32 bits."""
        # Each weight that is not zero is multiplied `times`: once per position of the output, of a transposed
        # convolution per position of the input. Of the products of one number of the output all but the first are
        # added; a bias takes the first's place, so then all are. Additions count in full.
        used = [self.stored[name] for name in operation.parameters if name in self.stored]
        weights = [tensor for tensor in used if tensor.category == "weights"]
        if not weights:  # of two feature maps
            bits = FULL if self.inputs is not None else self.activation_bits
            return operation.macs * min(bits, self.widest) / FULL, operation.macs
        values = sum(math.prod(tensor.shape) for tensor in weights)
        times = operation.macs / values
        made = sum((math.prod(tensor.shape) - tensor.zeros) * times for tensor in weights)
        charged = sum((math.prod(t.shape) - t.zeros) * times * self._product_bits(t) / FULL for t in weights)
        biased = any(tensor.category == "biases" for tensor in used)
        outputs = 0 if biased else math.prod(operation.outputs[0].shape)
        return charged, max(made - outputs, 0)

    def _product_bits(self, weight: Tensor) -> int:
        """Width of a multiplication: that of its widest input; one by ±1 only flips a sign and counts one bit."""
        if weight.kind == "binary" or (weight.kind == "odd-integer" and width(weight) == 1):
            return 1
        layer = weight.name.rpartition(".")[0]
        read = self.activation_bits if self.inputs is None else self.inputs.get(layer, FULL)
        return min(max(_value_bits(weight), read), self.widest)


def _is_float(tensor: Tensor) -> bool:
    return tensor.kind == "float" and width(tensor) >= FREE


def _value_bits(tensor: Tensor) -> int:
    """Width of the numbers that a tensor's symbols stand for."""
    if (words := tensor.side.get("codebook")) is not None:  # one for the tensor, or one per channel
        return 8 * np.dtype(words.type).itemsize
    return width(tensor)
