"""Product quantization of a whole network: permute, quantise, fine-tune (Martinez et al. 2021)."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch

from bench.compress.codebooks import detectors, permutation, shared_words
from bench.compress.codebooks.kmeans import Annealing, k_means
from bench.compress.codebooks.shared_words import Words
from bench.compress.filters.axes import LINEAR
from bench.compress.filters.channels import channels
from bench.compress.filters.coupled import CoupledChannels, order_step, take
from bench.compress.method import NotApplicable, require_unrounded
from bench.compress.pruning.masking import prunable
from bench.compress.workbench import Workbench
from bench.footprint.compressed import Compressed
from bench.footprint.fold import merge
from bench.footprint.trace import Trace, trace

Blocks = Literal["small", "large"]
POINTWISE = 4  # weights in a word of a 1x1 convolution or linear layer
POINTWISE_LARGE = 8  # with large blocks, in networks whose convolutions are mostly 1x1
CLASSIFIER_WORDS = 2048
CLASSIFIER_WORDS_POINTWISE = 1024  # in networks whose convolutions are mostly 1x1
LEAST_ROWS = 4  # sub-vectors per word
SWAPS = 1  # of a random stream, beside those of codebooks


@dataclass(frozen=True)
class Settings:
    """How a network is quantised; `bench.compress.methods.pqf` says what each setting means."""

    blocks: Blocks
    words: int
    classifier_words: int | None
    iterations: int
    annealing: Annealing | None
    swaps: int


@dataclass(frozen=True)
class Layer:
    """How a weight is quantised: in sub-vectors of `length` weights, with a codebook of `words`."""

    length: int
    words: int


def quantized(compressed: Compressed, workbench: Workbench, settings: Settings, *, distill: bool) -> Compressed:
    """A copy, permuted (unless there are no swaps), quantised and fine-tuned.

    Raises:
        NotApplicable: it has no layer to quantise, was pruned weight by weight, or its weights have a representation
            already.
    """
    require_unrounded(compressed)
    if compressed.masks:
        raise NotApplicable("its weights were pruned one by one: whole words are not zero")
    # The paper's three steps. Channels are permuted first, because the order decides which weights share a sub-vector
    # and costs no byte: it is absorbed by the layers on both sides. Then each layer gets its codebook, and last the
    # words are fine-tuned with their codes fixed. Scale and shift of normalisation are stored for every channel, as the
    # paper counts them, so normalisation is merged and not folded: folding would change weights that are words by now.
    network = deepcopy(compressed.network)
    layers = plan(network, trace(network, workbench.example), settings)
    permuted = compressed
    if settings.swaps:
        order = permute(network, workbench.example, layers, settings.swaps, workbench.seed)
        if order:
            permuted = compressed.but(structure=(*compressed.structure, order_step(order)))
    words = codebooks(network, layers, settings, workbench.seed)
    shared_words.share(network, words)
    history = workbench.finetune(network, distill=distill)
    representations = shared_words.fixed(network, words)
    finished = permuted.but(network=network, history=(*compressed.history, *history))
    return merge(finished).but(representations=representations)


def plan(network: torch.nn.Module, traced: Trace, settings: Settings) -> dict[str, Layer]:
    """How each weight is quantised: all convolutions but the first, and all linear layers; see `detectors` for theirs.

    Raises:
        NotApplicable: none is left.
    """
    first, classifier = _first_convolution(traced), _classifier(traced)
    uses = Counter(id(parameter) for _, parameter in network.named_parameters(remove_duplicate=False))
    weights = prunable(network)
    mostly_pointwise = _mostly_pointwise(weights)
    other = detectors.exceptions(network)
    layers = {}
    for name, weight in weights.items():
        if name == first or uses[id(weight)] > 1 or name in other.float32:
            continue
        most = min(settings.words, other.words.get(name, settings.words))
        if name == classifier:
            most = settings.classifier_words or (CLASSIFIER_WORDS_POINTWISE if mostly_pointwise else CLASSIFIER_WORDS)
        # a layer too small for two words of four sub-vectors each stays in float32
        length = word_length(tuple(weight.shape), settings.blocks, mostly_pointwise)
        if name in other.lengths:
            length = math.gcd(weight.shape[1], other.lengths[name])
        words = word_count(weight.numel() // length, most)
        if words > 1:
            layers[name] = Layer(length, words)
    if not layers:
        raise NotApplicable("it has no layer but the first with enough weights for a codebook")
    return layers


def word_length(shape: tuple[int, ...], blocks: Blocks, mostly_pointwise: bool) -> int:
    """Weights in a word: a kernel (two with large blocks), or several weights of a linear layer or 1x1 convolution.

    Shorter if the layer's inputs cannot be divided into words of that length.

    >>> word_length((64, 64, 3, 3), "large", False)
    18
    """
    kernel, inputs = math.prod(shape[2:]), shape[1]
    if kernel > 1:
        return 2 * kernel if blocks == "large" and inputs % 2 == 0 else kernel
    longest = POINTWISE_LARGE if len(shape) > 2 and blocks == "large" and mostly_pointwise else POINTWISE
    return math.gcd(inputs, longest)


def word_count(rows: int, most: int) -> int:
    """Words in a codebook: a power of two, at most one for every four sub-vectors; 0 if there are fewer than four.

    >>> word_count(10 * 16, 256)
    32
    """
    return min(most, 2 ** int(math.log2(rows / LEAST_ROWS))) if rows >= LEAST_ROWS else 0


def permute(
    network: torch.nn.Module, example: torch.Tensor, layers: Mapping[str, Layer], swaps: int, seed: int
) -> list[tuple[CoupledChannels, list[int]]]:
    """Reorder channels so that sub-vectors are easier to quantise, in place; the network computes the same.

    Channels that cannot be permuted safely are left alone (see `bench.compress.filters.channels`), and so are those
    that a convolution's groups divide.

    Returns:
        Groups of channels that changed, and which channels those are now.
    """
    state = network.state_dict()
    orders = []
    for number, group in enumerate(channels(network, example)):
        weights = _orderable(state, group, layers) if group.parts == 1 else []
        order = weights and permutation.best_order(weights, swaps, np.random.default_rng([seed, number, SWAPS]))
        if order is not None and len(order):
            for name, taken in take(network, group, torch.from_numpy(order)).items():
                state[name].copy_(taken)
            orders.append((group, list(map(int, order))))
    return orders


def codebooks(network: torch.nn.Module, layers: Mapping[str, Layer], settings: Settings, seed: int) -> dict[str, Words]:
    """A codebook for each weight. Layers are independent and run in parallel, on as many threads as torch has."""
    state = network.state_dict()

    # every layer draws from a stream of its own, so that codebooks don't depend on which thread comes first
    def codebook_of(job: tuple[int, tuple[str, Layer]]) -> tuple[str, Words]:
        number, (name, layer) = job
        weight = state[name].detach().float().cpu()
        rows = weight.reshape(-1, layer.length).numpy()
        if not np.abs(rows).max() < np.finfo(np.float16).max:
            raise NotApplicable(f"{name} holds {np.abs(rows).max():.4g}, which is beyond float16's range")
        generator = np.random.default_rng([seed, number])
        codebook, codes = k_means(rows, layer.words, settings.iterations, settings.annealing, generator)
        return name, Words(codebook, codes.reshape(weight.shape[0], -1))

    with ThreadPoolExecutor(torch.get_num_threads()) as pool:
        return dict(pool.map(codebook_of, enumerate(layers.items())))


def _orderable(
    state: Mapping[str, torch.Tensor], group: CoupledChannels, layers: Mapping[str, Layer]
) -> list[permutation.Weight]:
    """The weights that read these channels in sub-vectors of several: no order changes sub-vectors of one channel."""
    weights = []
    for reader in group.readers:
        weight, layer = state[reader.weight], layers.get(reader.weight)
        kernel = math.prod(weight.shape[2:])
        # with no more sub-vectors than weights in each, the covariance is singular under every order; sub-vectors of
        # concatenated maps may hold channels that this order does not move
        alone = reader.factor == 1 and reader.alone(weight, group.count)
        if layer and alone and layer.length > kernel and weight.numel() > layer.length**2:
            values = weight.detach().float().cpu().numpy().reshape(*weight.shape[:2], kernel)
            weights.append(permutation.Weight(values, layer.length))
    return weights


def _mostly_pointwise(weights: Mapping[str, torch.nn.Parameter]) -> bool:
    """Whether more convolutions are 1x1 than not, as in networks of bottleneck blocks."""
    kernels = [math.prod(weight.shape[2:]) for weight in weights.values() if weight.ndim > 2]
    return 2 * kernels.count(1) > len(kernels)


def _first_convolution(traced: Trace) -> str | None:
    weights = (operation.parameters for operation in traced.operations if operation.name == "convolution")
    return next((parameters[0] for parameters in weights if parameters), None)


def _classifier(traced: Trace) -> str | None:
    """The weight of the linear layer that computes the network's output."""
    for operation in traced.operations:
        if operation.name in LINEAR and {value.buffer for value in operation.outputs} & set(traced.outputs):
            return next((name for name in operation.parameters if name.endswith("weight")), None)
    return None
