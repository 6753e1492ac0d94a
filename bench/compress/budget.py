"""How long a method trains: what it declares before a run, and what a run recorded, are held in the same terms."""

from __future__ import annotations

from dataclasses import dataclass

ROUNDING = 0.025  # every training is rounded to whole steps, and an epoch to whole batches


@dataclass(frozen=True)
class Budget:
    """A length of training, in epochs or in images (epochs x training images).

    >>> Budget(finetuned=10) + Budget(trained=20)
    Budget(finetuned=10, trained=20)

    Attributes:
        finetuned: of a network that was trained already.
        trained: from initial weights.
    """

    finetuned: float = 0
    trained: float = 0

    @property
    def total(self) -> float:
        """Both together."""
        return self.finetuned + self.trained

    def __add__(self, other: Budget) -> Budget:
        return Budget(self.finetuned + other.finetuned, self.trained + other.trained)


def alike(length: float, other: float) -> bool:
    """Whether two lengths of training are the same but for rounding.

    >>> alike(1280, 1267), alike(20, 10)
    (True, False)
    """
    return abs(length - other) <= ROUNDING * max(length, other)
