"""Knowledge distillation: weight and temperature of a teacher's outputs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Distillation:
    """Loss = (1 - weight) · cross-entropy + weight · temperature² · KL(teacher ‖ student), both softened.

    Source: Hinton, Vinyals and Dean, Distilling the Knowledge in a Neural Network (2015), section 2.

    Args:
        temperature: divides both networks' logits.
        weight: of the teacher, 0 to 1.
    """

    temperature: float = 4.0
    weight: float = 0.9
