"""Training images of which every class has as many, for scores that gradients of one batch give."""

from __future__ import annotations

from collections import Counter

import torch

from bench.compress.method import NotApplicable
from bench.compress.workbench import Workbench

SEARCHED = 20  # times as many images as are wanted are looked through for classes that are rare
BATCH = 128  # images at most

Batches = list[tuple[torch.Tensor, torch.Tensor]]


def batches(network: torch.nn.Module, workbench: Workbench, count: int) -> Batches:
    """`count` images of each class, fewer of classes that are rare, and their labels, in batches of about one size.

    Args:
        network: whose outputs are one per class.

    Raises:
        NotApplicable: targets are no labels.
    """
    classes = _classes(network, workbench)
    of_class: Counter[int] = Counter()
    taken: Batches = []
    for images, labels in workbench.batches(SEARCHED * count * classes):
        if not isinstance(labels, torch.Tensor) or labels.ndim != 1 or labels.is_floating_point():
            raise NotApplicable("its score needs images of each class, and these have no labels")
        chosen = []
        for position, label in enumerate(labels.tolist()):
            if of_class[label] < count:
                of_class[label] += 1
                chosen.append(position)
        taken.append((images[chosen], labels[chosen]))
        if sum(of_class.values()) == count * classes:
            break
    images, labels = (torch.cat(parts) for parts in zip(*taken, strict=True))
    number = -(-len(labels) // BATCH)
    return list(zip(images.chunk(number), labels.chunk(number), strict=True))


def _classes(network: torch.nn.Module, workbench: Workbench) -> int:
    with torch.no_grad():
        outputs = network.eval()(workbench.example)
    if not isinstance(outputs, torch.Tensor) or outputs.ndim != 2:
        raise NotApplicable("its score needs one output for each class")
    return outputs.shape[1]
