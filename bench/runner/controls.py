"""Controls that a profile does not name: uncompressed networks that trained as long as its methods do.

More training alone changes a network, so a method that fine-tunes is compared with the original, fine-tuned for as
long, and one that trains from initial weights with a dense network that was trained for the same total. Every profile
has a control of the fine-tuning recipe's length; for other lengths the plan adds one each.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from bench.compress.budget import Budget, alike
from bench.compress.variant import Stage, Variant
from bench.profile import Profile
from bench.roles import CONTROL, REFERENCES, RETRAINED


def budget(profile: Profile, model: str, variant: Variant) -> Budget:
    """Epochs that a variant of a model trains for, by its own account."""
    return variant.budget(profile.finetuning[model].epochs, profile.recipes[model].epochs)


def variants(profile: Profile, model: str) -> tuple[Variant, ...]:
    """All variants of a model: the original and the controls, then the methods in the profile's order."""
    return Controls(profile, model).variants


def every_variant(profile: Profile) -> tuple[Variant, ...]:
    """All variants that any model has, in the same order."""
    added = [control for model in profile.recipes for control in Controls(profile, model).added]
    return _with(profile, {control.label: control for control in added})


class Controls:
    """The variants of a model, with the control of each."""

    # A sweep may have thousands of points, so nothing here looks at all variants for each of them: the few that are
    # controls are set apart once.

    def __init__(self, profile: Profile, model: str):
        self.profile, self.model = profile, model

    @cached_property
    def variants(self) -> tuple[Variant, ...]:
        """The original and the controls, then the methods in the profile's order."""
        return _with(self.profile, {control.label: control for control in self.added})

    def finetuned_alike(self, variant: Variant) -> str:
        """Label of the control that was fine-tuned for as long as a variant; the recipe's own for one that was not."""
        control = self._control(variant)
        if control is None or control.stages[0].name != CONTROL:
            return CONTROL
        length = self._total(control)
        return next(
            (other.label for other, total in self._all if other.stages[0].name == CONTROL and alike(total, length)),
            CONTROL,
        )

    @cached_property
    def added(self) -> tuple[Variant, ...]:
        """Controls that the profile lacks, the shortest first; lengths that differ by rounding share one."""
        controls = map(self._control, self.profile.variants)
        wanted = {control.label: control for control in controls if control}
        there = {variant.label for variant in self.profile.variants}
        lengths = {
            label: (control.stages[0].name, self._total(control))
            for label, control in wanted.items()
            if label not in there
        }
        kept: list[tuple[str, float]] = []
        chosen: list[Variant] = []
        for label in sorted(lengths, key=lengths.__getitem__):
            name, length = lengths[label]
            if not any(name == other and alike(length, shorter) for other, shorter in kept):
                kept.append((name, length))
                chosen.append(wanted[label])
        return tuple(chosen)

    def _control(self, variant: Variant) -> Variant | None:
        """The control of a variant's length of training; None if that is the original, or cannot be known."""
        went, before = budget(self.profile, self.model, variant), self.profile.recipes[self.model].epochs
        if not went.total or _is_control(variant):
            return None
        if not went.trained:
            return self._of_length(CONTROL, went.total)
        entry = next(entry for entry in self.profile.file.models if entry.name == self.model)
        if entry.checkpoint or entry.weights or alike(went.total, before):
            return None
        if went.total > before:
            return self._of_length(CONTROL, went.total - before)
        return self._of_length(RETRAINED, went.total)

    def _of_length(self, name: str, epochs: float) -> Variant:
        """The profile's own control of a length, if it has one that differs by rounding at most."""
        for variant, total in self._own:
            if variant.stages[0].name == name and alike(total, epochs):
                return variant
        tidy = int(epochs) if epochs == int(epochs) else float(f"{epochs:.6g}")
        return Variant((Stage(name, (("epochs", tidy),)),))

    @cached_property
    def _own(self) -> list[tuple[Variant, float]]:
        """The profile's own controls, each with the epochs that it trains for."""
        return list(self._controls(self.profile.variants))

    @cached_property
    def _all(self) -> list[tuple[Variant, float]]:
        return list(self._controls(self.variants))

    def _controls(self, variants: tuple[Variant, ...]) -> Iterator[tuple[Variant, float]]:
        yield from ((variant, self._total(variant)) for variant in variants if _is_control(variant))

    def _total(self, variant: Variant) -> float:
        return budget(self.profile, self.model, variant).total


def _with(profile: Profile, added: dict[str, Variant]) -> tuple[Variant, ...]:
    always, named = profile.variants[: len(REFERENCES)], profile.variants[len(REFERENCES) :]
    return (*always, *added.values(), *named)


def _is_control(variant: Variant) -> bool:
    """Whether it trains and does nothing else; who listens to the original has another teacher."""
    first = variant.stages[0]
    return len(variant.stages) == 1 and first.name in (CONTROL, RETRAINED) and not dict(first.chosen).get("distill")
