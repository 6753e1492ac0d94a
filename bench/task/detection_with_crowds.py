"""Detection whose networks learn from crowds too, as those of Permute, Quantize, and Fine-tune do."""

from __future__ import annotations

from typing import ClassVar

from bench.task.detection import Detection


class DetectionWithCrowds(Detection):
    """Detection, but for one thing: an object that stands for a crowd is learnt like any other.

    torchvision's references leave such objects out of training; PQF's authors (Martinez et al. 2021) keep them. What
    counts in tests is the same: detections on a crowd are neither right nor wrong.
    """

    learns_crowds: ClassVar[bool] = True
