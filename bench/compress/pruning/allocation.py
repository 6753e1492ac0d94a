"""From a score per weight to masks: which weights survive, over all layers, within each, or among neighbours.

Among equal scores the first survives, in the order of the layers and of their weights, so that a choice is the same on
every machine.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

import torch

from bench.compress.method import NotApplicable

Scores = Mapping[str, torch.Tensor]
Shapes = Mapping[str, tuple[int, ...]]
SAMPLE = 2**16  # scores, of which a threshold is estimated
LAST = 5  # uniform+ keeps one weight in so many of the last layer


def n_of_m(score: torch.Tensor, n: int, m: int) -> torch.Tensor:
    """Mask of the `n` highest scores of every `m` neighbours along input channels.

    Neighbours are at one kernel position of one filter. Where channels are no multiple of `m`, the last r < m of them
    keep the smaller of `n` and r.

    Args:
        score: (Cout, Cin, ...) of a weight.

    >>> n_of_m(torch.tensor([[0.1, 0.4, 0.3, 0.4, 0.0, 0.5]]), 2, 4).int().tolist()
    [[0, 1, 0, 1, 1, 1]]
    """
    outputs, channels = score.shape[:2]
    rows = score.reshape(outputs, channels, -1).transpose(1, 2)
    padded = torch.nn.functional.pad(rows, (0, -channels % m), value=-torch.inf)
    groups = padded.reshape(outputs, rows.shape[1], -1, m)
    order = groups.argsort(dim=-1, descending=True, stable=True)
    survives = torch.zeros_like(groups, dtype=torch.bool).scatter_(-1, order[..., :n], True)
    return survives.reshape(padded.shape)[..., :channels].transpose(1, 2).reshape(score.shape).contiguous()


def survivors(sparsity: float, weights: int) -> int:
    """How many of so many weights are left: all but floor(sparsity * weights), as in `masking.global_magnitude`."""
    return weights - int(sparsity * weights)


def best(scores: Scores, count: int) -> dict[str, torch.Tensor]:
    """Masks of the `count` highest scores over all layers together."""
    flat = torch.cat([score.flatten() for score in scores.values()])
    kept = _highest(flat, count).split([score.numel() for score in scores.values()])
    return {name: part.reshape(score.shape) for (name, score), part in zip(scores.items(), kept, strict=True)}


def best_share(scores: Scores, sparsity: float) -> dict[str, torch.Tensor]:
    """Masks of the highest scores over all layers together, as many as `survivors` says."""
    return best(scores, survivors(sparsity, sum(score.numel() for score in scores.values())))


def best_of_each(scores: Scores, counts: Mapping[str, int]) -> dict[str, torch.Tensor]:
    """Masks of the highest scores of each layer, as many as `counts` says."""
    return {name: _highest(score.flatten(), counts[name]).reshape(score.shape) for name, score in scores.items()}


def _highest(scores: torch.Tensor, count: int) -> torch.Tensor:
    """Where the `count` highest of (n,) scores are; of equal ones the first."""
    # "at least the threshold" would keep all ties, of which zeros are many: how many of them survive is counted out
    if count == 0:
        return torch.zeros_like(scores, dtype=torch.bool)
    threshold = _ranked(scores, count)
    survives = scores > threshold
    ties = (scores == threshold).nonzero()[: count - int(survives.count_nonzero()), 0]
    survives[ties] = True
    return survives


def _ranked(scores: torch.Tensor, count: int) -> torch.Tensor:
    """The `count`-th highest of (n,) scores."""
    # Selecting from all of 10^7 scores takes longer than the forward and backward pass that they come from. An evenly
    # spaced sample shows between which values the wanted one lies; those above are counted, and it is selected from
    # the few between. A sample that misleads is found out by the count.
    total = scores.numel()
    if total > SAMPLE:
        sample = scores[:: total // SAMPLE].sort().values
        position, margin = len(sample) - round(count / total * len(sample)), round(4 * len(sample) ** 0.5)
        low, high = (sample[min(max(at, 0), len(sample) - 1)] for at in (position - margin, position + margin))
        rank = count - int((scores > high).count_nonzero())
        between = scores[(scores >= low) & (scores <= high)]
        if 0 < rank <= len(between):
            return between.kthvalue(len(between) - rank + 1).values
    return scores.kthvalue(total - count + 1).values


def uniform(sizes: Mapping[str, int], count: int) -> dict[str, int]:
    """`count` survivors, in each layer the same share of its weights.

    Args:
        sizes: weights by layer.
    """
    return _whole({name: count * size / sum(sizes.values()) for name, size in sizes.items()}, sizes, count)


def uniform_plus(shapes: Shapes, count: int) -> dict[str, int]:
    """As `uniform`, but all weights of the first convolution and at least a fifth of those of the last layer survive.

    Source: Gale et al. (2019), The State of Sparsity in Deep Neural Networks.

    Raises:
        NotApplicable: that alone is more than `count`.
    """
    sizes = {name: prod(shape) for name, shape in shapes.items()}
    first = next((name for name, shape in shapes.items() if len(shape) > 2), None)
    last = list(shapes)[-1]
    fixed = {} if first is None else {first: sizes[first]}
    if last not in fixed:
        others = sum(sizes.values()) - sum(fixed.values())
        share = (count - sum(fixed.values())) / others
        if share < 1 / LAST:
            fixed[last] = -(-sizes[last] // LAST)
    middle = {name: size for name, size in sizes.items() if name not in fixed}
    left = count - sum(fixed.values())
    if not 0 <= left <= sum(middle.values()):
        raise NotApplicable(
            f"uniform+ keeps the first convolution and a fifth of the last layer, {sum(fixed.values()):,} weights, "
            f"where {count:,} are left in all"
        )
    dealt = uniform(middle, left) if middle else {}
    return {name: fixed.get(name, dealt.get(name, 0)) for name in sizes}


def by_rule(rule: str, shapes: Shapes, count: int) -> dict[str, int]:
    """`count` survivors, allotted to the layers by a rule.

    Args:
        rule: "erk", "uniform", "uniform-first-dense" or "uniform+".

    Raises:
        NotApplicable: the rule keeps more than `count`.
    """
    if rule == "uniform":
        return uniform({name: prod(shape) for name, shape in shapes.items()}, count)
    return {"erk": erk, "uniform+": uniform_plus, "uniform-first-dense": uniform_first_dense}[rule](shapes, count)


def uniform_first_dense(shapes: Shapes, count: int) -> dict[str, int]:
    """As `uniform`, but all weights of the first layer survive, as where RigL's authors compare with ERK.

    Raises:
        NotApplicable: that alone is more than `count`, or there is no other layer.
    """
    sizes = {name: prod(shape) for name, shape in shapes.items()}
    first, *others = sizes
    if not others or not sizes[first] <= count:
        raise NotApplicable(f"its first layer keeps all {sizes[first]:,} weights, where {count:,} are left in all")
    return {first: sizes[first], **uniform({name: sizes[name] for name in others}, count - sizes[first])}


def erk(shapes: Shapes, count: int) -> dict[str, int]:
    """`count` survivors by the Erdős–Rényi-kernel rule: layer l keeps the density ε·(Cout + Cin + kh + kw) / numel.

    Layers whose density would be above 1 are dense, and ε is solved anew for the others, until none is.

    Source: Evci et al. (2020), Rigging the Lottery, section 3.
    """
    sizes = {name: prod(shape) for name, shape in shapes.items()}
    dense: set[str] = set()
    while others := [name for name in shapes if name not in dense]:
        # the survivors of a layer are ε·(Cout + Cin + kh + kw): its numel cancels
        epsilon = (count - sum(sizes[name] for name in dense)) / sum(sum(shapes[name]) for name in others)
        over = {name for name in others if epsilon * sum(shapes[name]) > sizes[name]}
        if not over:
            break
        dense |= over
    wanted = {name: float(sizes[name]) if name in dense else epsilon * sum(shapes[name]) for name in shapes}
    return _whole(wanted, sizes, count)


def _whole(wanted: Mapping[str, float], sizes: Mapping[str, int], count: int) -> dict[str, int]:
    """Whole numbers near `wanted`, at most `sizes`, that add up to `count`: the largest fractions are rounded up."""
    counts = {name: min(int(share), sizes[name]) for name, share in wanted.items()}
    by_fraction = sorted(wanted, key=lambda name: counts[name] - wanted[name])
    for name in [name for name in by_fraction if counts[name] < sizes[name]][: count - sum(counts.values())]:
        counts[name] += 1
    return counts
