"""NNCF's quantisation read out as it will be stored: exact integer weights, and quantisers of the feature maps.

NNCF simulates: weights stay float and are rounded at every forward pass. Here the integers are read out bit for bit,
the weight quantisers are dropped, and those of the feature maps are rebuilt from the file.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy

from bench.nncf_runtime import hookable, is_wrapped, nncf

import numpy as np
import torch
from nncf.torch.quantization.layers import SymmetricQuantizer
from torch.utils.data import DataLoader, Dataset

from bench.compress.method import NotApplicable
from bench.compress.pruning.masking import keep_zeros
from bench.compress.workbench import Workbench
from bench.footprint.compressed import Compressed
from bench.footprint.fold import finish
from bench.footprint.representation import Integer
from bench.footprint.structure import nncf_quantizers
from bench.zoo.networks.checkpoint import fill

# By default NNCF keeps half of the first layer's range free for processors whose sums of INT8 products overflow.
FULL_RANGE = nncf.AdvancedQuantizationParameters(overflow_fix=nncf.OverflowFix.DISABLE)
BATCH = 64  # images in a calibration batch; NNCF counts its subset in batches


class _Batches(Dataset):
    """Calibration images, batched already; NNCF must be given a DataLoader: with a list it finds other ranges."""

    def __init__(self, workbench: Workbench, images: int):
        self.batches = [batch for batch, _ in workbench.batches(images, BATCH)]

    def __len__(self) -> int:
        return len(self.batches)

    def __getitem__(self, index: int) -> torch.Tensor:
        return self.batches[index]


def calibrated(compressed: Compressed, workbench: Workbench, images: int, weight_bits: int) -> Compressed:
    """Post-training quantisation, with batch normalisation folded first where it can be; see `post_training`."""
    folded = finish(compressed)
    return read_out(post_training(folded.network, workbench, images, weight_bits), folded)


def trained(
    compressed: Compressed, workbench: Workbench, images: int, weight_bits: int, *, distill: bool
) -> Compressed:
    """Quantisation-aware training from `post_training`; pruned weights stay zero."""
    quantized = post_training(compressed.network, workbench, images, weight_bits)
    history = workbench.finetune(quantized, after_step=keep_zeros(quantized, compressed.masks), distill=distill)
    return read_out(quantized, compressed.but(history=(*compressed.history, *history)))


def post_training(network: torch.nn.Module, workbench: Workbench, images: int, weight_bits: int) -> torch.nn.Module:
    """NNCF's post-training quantisation of a copy of the network: weights per channel, feature maps per tensor.

    Args:
        images: number of calibration images.
        weight_bits: width of the weights; below 8 NNCF calibrates at 8 and the quantisers are narrowed afterwards.

    Raises:
        NotApplicable: NNCF cannot trace or quantise the network, or has done so.
    """
    if is_wrapped(network):
        raise NotApplicable("its feature maps are quantised already")
    loader: DataLoader = DataLoader(_Batches(workbench, images), batch_size=None)
    try:
        quantized = nncf.quantize(
            hookable(deepcopy(network)), nncf.Dataset(loader), subset_size=len(loader), advanced_parameters=FULL_RANGE
        )
    except (nncf.ValidationError, nncf.UnsupportedModelError, nncf.InternalError) as error:
        raise NotApplicable(f"NNCF cannot quantise it: {error}") from error
    quantizers = nncf_quantizers.weight_quantizers(quantized)
    foreign = sorted(quantizers.keys() - dict(network.named_parameters()).keys())
    if foreign:
        module = foreign[0].removesuffix("weight").removesuffix(".") or "the network itself"
        raise NotApplicable(
            f"{module} computes with weights that are not a layer's own, and NNCF does not say which it rounds"
        )
    # NNCF has no post-training mode below 8 bits. Its ranges of weights don't depend on the width, so it's set
    # afterwards.
    for quantizer in quantizers.values():
        quantizer.num_bits = weight_bits
        quantizer.set_levels()
    return quantized


def read_out(quantized: torch.nn.Module, compressed: Compressed) -> Compressed:
    """The quantised network as it will be stored.

    Args:
        quantized: `compressed.network` as NNCF quantised it, perhaps trained since.
        compressed: the network before quantisation.

    Raises:
        NotApplicable: a weight's quantiser is not symmetric, or its scales are not along the first axis (transposed
            convolutions), so that its integers cannot be read out.
    """
    # The order matters. Integers are read out first and put into a plain copy, bit for bit. If normalisation is left,
    # as it is after training, `finish` merges it then, since nothing can be folded into integers. Last the quantisers
    # of feature maps are put in again, as the file will describe them, with the ranges that NNCF found.
    state = quantized.state_dict()
    plain = deepcopy(compressed.network)
    fill(plain, {name: state[name] for name in plain.state_dict()})
    integers = dict(_integer_weights(quantized))
    with torch.no_grad():
        for name, integer in integers.items():
            plain.get_parameter(name).copy_(torch.from_numpy(integer.decode()))
    representations = {**compressed.representations, **integers}
    finished = finish(compressed.but(network=plain, representations=representations))
    config = nncf_quantizers.activation_config(quantized)
    network = nncf_quantizers.apply(finished.network, config)
    nncf_quantizers.copy_scales(quantized, network)
    return finished.but(
        network=network,
        structure=(*finished.structure, {"kind": "nncf-quantizers", "config": config}),
        activation_bits=8,
    )


def _integer_weights(quantized: torch.nn.Module) -> Iterator[tuple[str, Integer]]:
    for name, quantizer in nncf_quantizers.weight_quantizers(quantized).items():
        weight = quantized.get_parameter(name).detach()
        if quantizer.scale.numel() not in (1, quantizer.scale.shape[0]):
            raise NotApplicable(f"NNCF rounds {name} with a scale for each of its second axis, not of its first")
        yield name, _integer(weight, quantizer)


def _integer(weight: torch.Tensor, quantizer: SymmetricQuantizer) -> Integer:
    """The codes behind a fake-quantised weight: weight = codes / divisor, bit for bit."""
    # NNCF divides by (levels - 1) / (high - low) instead of multiplying by a step, which rounds differently in float32,
    # so the file stores the divisor. Codes are taken from the fake-quantised weight, never from the float one: that may
    # lie halfway between two codes and round the other way here.
    with torch.no_grad():
        simulated = quantizer.quantize(weight)
        high = quantizer.scale.abs() + quantizer.eps
        low = high * (quantizer.level_low / quantizer.level_high)
        divisor = (quantizer.levels - 1) / (high - low)
        codes = torch.round(simulated * divisor)
    if not torch.equal(codes / divisor, simulated):
        raise AssertionError("the integers read out do not give NNCF's weight back")
    return Integer(
        codes=codes.to(torch.int8).cpu().numpy(),
        scale=divisor.flatten().cpu().numpy().astype(np.float32),
        bits=int(quantizer.num_bits),
        divide=True,
    )
