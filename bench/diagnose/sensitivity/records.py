"""What sensitivity curves are made of, as it is measured, stored and read again; without torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bench.diagnose.sensitivity.levels import Kind

TOLERATED = "tolerated"


@dataclass(frozen=True)
class Single:
    """One target alone at one level.

    Attributes:
        kind, target: see `bench.diagnose.sensitivity.targets.Target`.
        depth: of the target among those of its kind, from 1.
        layers: how many weights are pruned or rounded together.
        level: share that is pruned, or bits; 0 or 32 is the original.
        retaken: whether statistics of batch normalisation were taken again.
        parameters: numbers that the target holds, in the original.
        saved: bytes of payload that the packed network has less than the original.
        rise: of the loss above the first level's, with statistics taken again in both if in one; None where it is not
            finite.
        loss, accuracy, agreement, similarity: see `bench.diagnose.sensitivity.judge.Performance`.
    """

    kind: Kind
    target: str
    depth: int
    layers: int
    level: float
    retaken: bool
    parameters: int
    saved: int
    rise: float | None
    loss: float | None
    accuracy: float
    agreement: float | None
    similarity: float | None


@dataclass(frozen=True)
class Joint:
    """All targets of a kind together.

    Attributes:
        level: of all of them, or "tolerated": of each the harshest up to which its loss rises by no more than `Levels`
            allow.
        targets: how many are changed.
        saved: bytes of payload, of all changes together.
        sum: of the rises that the changes cause alone; None if one of them is not finite.
        rise, loss, accuracy, agreement, similarity: of all together.
    """

    kind: Kind
    level: float | str
    retaken: bool
    targets: int
    saved: int
    sum: float | None
    rise: float | None
    loss: float | None
    accuracy: float
    agreement: float | None
    similarity: float | None


def tolerated(points: Sequence[Single], rise: float) -> Single:
    """The harshest point up to which no rise is larger than `rise`, of one target from mild to harsh."""
    # A curve that dips again behind a peak is no reason to go there: what is below the peak is chance.
    last = points[0]
    for point in points:
        if point.rise is None or not point.rise <= rise:
            break
        last = point
    return last
