"""Convolutions replaced by their principal components in rounds of falling rank, with fine-tuning in between."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from bench.compress.low_rank import factors, principal_components
from bench.compress.method import NotApplicable
from bench.compress.workbench import Workbench
from bench.footprint.compressed import Compressed

Finetune = Callable[..., tuple[dict[str, float], ...]]


def convolutions(compressed: Compressed, *, strides: bool) -> dict[str, Any]:
    """Convolutions that have factors, by name; those with a stride only if asked for, as pca-compress leaves them."""
    layers = factors.layers(compressed.network, linear=False)
    return {name: layer for name, layer in layers.items() if strides or set(layer.stride) == {1}}


def shrink(
    compressed: Compressed,
    workbench: Workbench,
    ranks: Mapping[str, int],
    *,
    lengths: Sequence[float | None],
    images: int,
    hessian: bool,
    finetune: Finetune,
) -> Compressed:
    """Lower the ranks by equal factors from round to round, down to `ranks`.

    Args:
        ranks: of the last round, by layer.
        lengths: of the fine-tuning after each round, epochs; None for the recipe's.
        images: training images whose outputs are examined in each round.
        hessian: see `principal_components.leading`.
        finetune: called with the network and the epochs after each round; trains in place and returns its history.

    Raises:
        NotApplicable: the forward pass calls none of the layers.
    """
    network, history = compressed.network, compressed.history
    # A later round starts from single layers again, each the product of its trained factors, and examines the
    # outputs anew: after fine-tuning, the components of the round before need not be the leading ones any more.
    for number, epochs in enumerate(lengths, 1):
        single = factors.merged(compressed.network, network, ranks) if number > 1 else network
        loss = workbench.loss if hessian else None
        outputs = principal_components.moments(single, list(ranks), workbench.batches(images), loss=loss)
        ranks = called(ranks, outputs)
        choose = partial(principal_components.leading, outputs, hessian=hessian)
        network = factors.factorised(single, factors.between(single, ranks, number / len(lengths)), choose)
        history = (*history, *finetune(network, epochs=epochs))
    structure = (*compressed.structure, factors.step(ranks))
    return compressed.but(network=network, structure=structure, history=history)


def called(ranks: Mapping[str, int], outputs: Mapping[str, Any]) -> dict[str, int]:
    """The ranks of those layers that the forward pass calls.

    Raises:
        NotApplicable: it calls none.
    """
    ranks = {name: rank for name, rank in ranks.items() if name in outputs}
    if not ranks:
        raise NotApplicable("the forward pass calls none of the convolutions that would be factorised")
    return ranks
