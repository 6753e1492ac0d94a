"""How many multiply-accumulates an operation of PyTorch's needs, and of which operations that is unknown.

What is multiplied is counted: of a bilinear layer the products of its two inputs too; of a recurrent layer that PyTorch
takes apart into its gates, not the first step's product with a state of zeros.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch.utils.flop_counter import flop_registry

# Operations that multiply nothing by weights: they move numbers, compare them, draw them, or work element by element or
# group by group, which is not what multiply-accumulates count. PyTorch tags elementwise ones and reductions itself.
_NONE = frozenset(
    """
    _adaptive_avg_pool2d _adaptive_avg_pool3d _log_softmax _native_batch_norm_legit_no_training _prelu_kernel
    _safe_softmax _softmax _to_copy _unique2 _upsample_bicubic2d_aa _upsample_bilinear2d_aa
    _upsample_nearest_exact2d adaptive_max_pool2d adaptive_max_pool3d arange argsort as_strided as_strided_copy
    avg_pool1d avg_pool2d avg_pool3d bernoulli cat channel_shuffle col2im constant_pad_nd copy cummax cummin cumsum
    diag_embed embedding empty empty_like fill flip fractional_max_pool2d full full_like gather glu grid_sampler_2d
    grid_sampler_3d hardswish im2col index index_add index_put index_select kthvalue linspace log_sigmoid_forward
    masked_scatter max_pool2d_with_indices max_pool3d_with_indices max_unpool2d max_unpool3d median
    native_batch_norm native_channel_shuffle native_dropout native_group_norm native_layer_norm new_empty new_full
    new_ones new_zeros nonzero one_hot ones_like pixel_shuffle pixel_unshuffle rand_like randn_like reflection_pad1d
    reflection_pad2d reflection_pad3d repeat repeat_interleave replication_pad1d replication_pad2d replication_pad3d
    resize roll rrelu_with_noise scalar_tensor scatter scatter_add scatter_reduce searchsorted select_scatter
    slice_scatter sort split_with_sizes_copy stack topk transpose tril triu unfold unique_dim upsample_bicubic2d
    upsample_bilinear2d upsample_linear1d upsample_nearest1d upsample_nearest2d upsample_nearest3d
    upsample_trilinear3d zero zeros_like
    """.split()  # noqa: SIM905
)


def macs(func: Any, args: Sequence[Any], kwargs: dict[str, Any], out: Any) -> int | None:
    """Multiply-accumulates of one call of an operation; None if nobody knows how to count them.

    Resampling (interpolation, the offsets of a deformable convolution) and additions of biases are not counted.

    Args:
        func: an overload of `torch.ops`.
        args, kwargs, out: of the call.
    """
    # PyTorch's own counter of floating-point operations, in which a multiply-accumulate is two, comes first.
    if count := flop_registry.get(func.overloadpacket):
        return int(count(*args, **kwargs, out_val=out)) // 2
    name = func._schema.name.partition("::")[2]
    if own := _COUNTS.get(name):
        return own(args, out)
    free = torch.Tag.pointwise in func.tags or torch.Tag.reduction in func.tags
    return 0 if free or name in _NONE or name.removesuffix("_") in _NONE else None


def _dot(args: Sequence[Any], out: Any) -> int:
    return int(args[0].numel())


def _matrix_vector(args: Sequence[Any], out: Any) -> int:
    return int(max(args[:2], key=lambda tensor: tensor.ndim).numel())


def _added_matrix_vector(args: Sequence[Any], out: Any) -> int:
    return int(args[1].numel())


# x₁ᵀ W x₂ of every output: each weight meets one product x₁ᵢx₂ⱼ, and the products are made once for all outputs.
def _bilinear(args: Sequence[Any], out: Any) -> int:
    features = args[1].shape
    return int(out.numel() // features[0] * (math.prod(features) + features[1] * features[-1]))


# Both matrices of a gate meet every step of every sequence once, in each direction, which has matrices of its own.
def _recurrent_layer(args: Sequence[Any], out: Any) -> int:
    steps = math.prod(args[0].shape[:2])
    return int(steps * sum(weight.numel() for weight in args[1:3]))


def _recurrent_network(args: Sequence[Any], out: Any) -> int:
    steps = math.prod(args[0].shape[:2])
    return int(steps * sum(weight.numel() for weight in args[1] if weight.ndim == 2))


# An ordinary convolution at positions that were moved: each output sums over a group's input channels and the kernel.
def _deformable(args: Sequence[Any], out: Any) -> int:
    return int(out.numel() * math.prod(args[1].shape[1:]))


_COUNTS: dict[str, Callable[[Sequence[Any], Any], int]] = {
    "dot": _dot,
    "vdot": _dot,
    "mv": _matrix_vector,
    "addmv": _added_matrix_vector,
    "_trilinear": _bilinear,
    "mkldnn_rnn_layer": _recurrent_layer,
    "_cudnn_rnn": _recurrent_network,
    "deform_conv2d": _deformable,
}
