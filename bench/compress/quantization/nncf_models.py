"""NNCF's quantisation read out as it will be stored: exact integer weights, and quantisers of the feature maps.

NNCF simulates: weights stay float and are rounded at every forward pass. Here the integers are read out bit for bit,
the weight quantisers are dropped, and those of the feature maps are rebuilt from the file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import replace

from bench.nncf_runtime import hookable, is_wrapped, nncf

import numpy as np
import torch
from nncf.torch.quantization.layers import BaseQuantizer, SymmetricQuantizer
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils.data import DataLoader, Dataset

from bench.compress.method import NotApplicable, first_line
from bench.compress.pruning.masking import keep_zeros
from bench.compress.quantization import nncf_detectors
from bench.compress.workbench import Workbench
from bench.errors import limit
from bench.footprint.compressed import Compressed
from bench.footprint.fold import finish
from bench.footprint.representation import Integer
from bench.footprint.structure import nncf_quantizers
from bench.zoo.networks.checkpoint import fill

# By default NNCF keeps half of the first layer's range free for processors whose sums of INT8 products overflow.
FULL_RANGE = nncf.AdvancedQuantizationParameters(overflow_fix=nncf.OverflowFix.DISABLE)
ROUNDED = "its feature maps are quantised already"
BATCH = 64  # images in a calibration batch; NNCF counts its subset in batches


class _Batches(Dataset):
    """Calibration images, batched already; NNCF must be given a DataLoader: with a list it finds other ranges."""

    def __init__(self, workbench: Workbench, images: int, size: int):
        self.batches = [batch for batch, _ in workbench.batches(images, BATCH)]
        if size < BATCH:
            self.batches = [part for batch in self.batches for part in batch.split(size)]

    def __len__(self) -> int:
        return len(self.batches)

    def __getitem__(self, index: int) -> torch.Tensor:
        return self.batches[index]


def calibrated(compressed: Compressed, workbench: Workbench, images: int, weight_bits: int) -> Compressed:
    """Post-training quantisation, with batch normalisation folded first where it can be; see `post_training`."""
    _require_real_maps(compressed)
    folded = finish(compressed)
    return read_out(post_training(folded.network, workbench, images, weight_bits), folded, workbench.example)


def trained(
    compressed: Compressed, workbench: Workbench, images: int, weight_bits: int, *, distill: bool
) -> Compressed:
    """Quantisation-aware training from `post_training`; pruned weights stay zero."""
    _require_real_maps(compressed)
    quantized = post_training(compressed.network, workbench, images, weight_bits)
    history = workbench.finetune(quantized, after_step=keep_zeros(quantized, compressed.masks), distill=distill)
    return read_out(quantized, compressed.but(history=(*compressed.history, *history)), workbench.example)


def _require_real_maps(compressed: Compressed) -> None:
    if compressed.activation_bits != 32:
        raise NotApplicable(ROUNDED)


def post_training(network: torch.nn.Module, workbench: Workbench, images: int, weight_bits: int) -> torch.nn.Module:
    """NNCF's post-training quantisation of a copy of the network: weights per channel, feature maps per tensor.

    Args:
        images: number of calibration images.
        weight_bits: width of the weights; below 8 NNCF calibrates at 8 and the quantisers are narrowed afterwards.

    Raises:
        NotApplicable: NNCF cannot trace or quantise the network, or has done so.
    """
    if is_wrapped(network):
        raise NotApplicable(ROUNDED)
    for name, module in network.named_modules():
        if isinstance(module, _BatchNorm) and module.running_mean is None:
            raise NotApplicable(f"{name} normalises by each batch's own statistics, which NNCF cannot trace")
    # Detectors loop over images, and NNCF's graph has every operation of every loop: it takes them one by one.
    batch = 1 if nncf_detectors.is_detector(network) else BATCH
    loader: DataLoader = DataLoader(_Batches(workbench, images, batch), batch_size=None)

    def quantize(parameters: nncf.AdvancedQuantizationParameters) -> torch.nn.Module:
        copy = hookable(deepcopy(network))
        with nncf_detectors.without_pasting(copy):
            quantized = nncf.quantize(
                copy,
                nncf.Dataset(loader),
                subset_size=len(loader),
                ignored_scope=nncf_detectors.ignored(copy),
                advanced_parameters=parameters,
            )
        return nncf_detectors.pasting(quantized)

    try:
        try:
            quantized = quantize(FULL_RANGE)
        except IndexError:  # its correction of biases cannot handle a biased layer that several others read
            quantized = quantize(replace(FULL_RANGE, disable_bias_correction=True))
    except Exception as error:  # it runs the network's own code in its tracer, and either may fail in any way
        if limit(error) is not None:
            raise
        raise NotApplicable(f"NNCF cannot quantise it: {first_line(error)}") from error
    # NNCF has no post-training mode below 8 bits. Its ranges of weights don't depend on the width, so it's set
    # afterwards.
    for quantizers in _weight_quantizers(quantized, workbench.example).values():
        for quantizer in quantizers.values():
            quantizer.num_bits = weight_bits
            quantizer.set_levels()
    return quantized


def _weight_quantizers(quantized: torch.nn.Module, example: torch.Tensor) -> dict[str, dict[str, BaseQuantizer]]:
    try:
        return nncf_quantizers.weight_quantizers(quantized, example)
    except ValueError as error:
        raise NotApplicable(
            f"{error.args[0]} computes its weight from other tensors, and NNCF rounds the result"
        ) from error


def read_out(quantized: torch.nn.Module, compressed: Compressed, example: torch.Tensor) -> Compressed:
    """The quantised network as it will be stored.

    Args:
        quantized: `compressed.network` as NNCF quantised it, perhaps trained since.
        compressed: the network before quantisation.
        example: one normalised image, (1, C, H, W) float32.

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
    quantizers = _weight_quantizers(quantized, example)
    integers = dict(_integer_weights(quantized, quantizers))
    with torch.no_grad():
        for name, integer in integers.items():
            plain.get_parameter(name).copy_(torch.from_numpy(integer.decode()))
    representations = {**compressed.representations, **integers}
    finished = finish(compressed.but(network=plain, representations=representations))
    config = nncf_quantizers.activation_config(quantized, {hook for hooks in quantizers.values() for hook in hooks})
    network = nncf_quantizers.apply(finished.network, config)
    nncf_quantizers.copy_scales(quantized, network)
    return finished.but(
        network=network,
        structure=(*finished.structure, {"kind": "nncf-quantizers", "config": config}),
        activation_bits=8,
    )


def _integer_weights(
    quantized: torch.nn.Module, quantizers: Mapping[str, Mapping[str, BaseQuantizer]]
) -> Iterator[tuple[str, Integer]]:
    for name, hooks in quantizers.items():
        weight = quantized.get_parameter(name).detach()
        quantizer, *others = hooks.values()
        if not isinstance(quantizer, SymmetricQuantizer):
            raise NotApplicable(f"NNCF rounds {name} to codes that are not symmetric around zero")
        if not all(torch.equal(quantizer.scale, other.get_parameter("scale")) for other in others):
            raise NotApplicable(f"NNCF rounds {name} in {len(hooks)} ways, one for each layer that uses it")
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
    # NNCF's codes begin at 0 and are twice as fine where a layer normalisation has no negative weight.
    return Integer(
        codes=codes.to(torch.int16).cpu().numpy(),
        scale=divisor.flatten().cpu().numpy().astype(np.float32),
        bits=int(quantizer.num_bits),
        zero_point=np.zeros(1, np.uint8) if quantizer.level_low == 0 else None,
        divide=True,
    )
