"""Controls that a profile does not name: uncompressed networks that trained as long as its methods do.

More training alone changes a network, so a method that fine-tunes is compared with the original, fine-tuned for as
long, and one that trains from initial weights with a dense network that was trained for the same total. Every profile
has a control of the fine-tuning recipe's length; for other lengths the plan adds one each.
"""

from __future__ import annotations

from collections.abc import Iterator

from bench.compress.budget import Budget, alike
from bench.compress.variant import Stage, Variant
from bench.profile import Profile
from bench.roles import CONTROL, REFERENCES, RETRAINED


def budget(profile: Profile, model: str, variant: Variant) -> Budget:
    """Epochs that a variant of a model trains for, by its own account."""
    return variant.budget(profile.finetuning[model].epochs, profile.recipes[model].epochs)


def variants(profile: Profile, model: str) -> tuple[Variant, ...]:
    """All variants of a model: the original and the controls, then the methods in the profile's order."""
    return _with(profile, {control.label: control for control in _added(profile, model)})


def every_variant(profile: Profile) -> tuple[Variant, ...]:
    """All variants that any model has, in the same order."""
    return _with(profile, {control.label: control for model in profile.recipes for control in _added(profile, model)})


def finetuned_alike(profile: Profile, model: str, variant: Variant) -> str:
    """Label of the control that was fine-tuned for as long as a variant; the recipe's own for one that was not."""
    control = _control(profile, model, variant)
    if control is None or control.stages[0].name != CONTROL:
        return CONTROL
    length = budget(profile, model, control).total
    return next(
        (
            other.label
            for other in variants(profile, model)
            if _is_control(other)
            and other.stages[0].name == CONTROL
            and alike(budget(profile, model, other).total, length)
        ),
        CONTROL,
    )


def _with(profile: Profile, added: dict[str, Variant]) -> tuple[Variant, ...]:
    always, named = profile.variants[: len(REFERENCES)], profile.variants[len(REFERENCES) :]
    return (*always, *added.values(), *named)


def _added(profile: Profile, model: str) -> Iterator[Variant]:
    """Controls that the profile lacks, the shortest first; lengths that differ by rounding share one."""
    wanted = {control.label: control for variant in profile.variants if (control := _control(profile, model, variant))}
    there = {variant.label for variant in profile.variants}
    lengths = {
        label: (control.stages[0].name, budget(profile, model, control).total)
        for label, control in wanted.items()
        if label not in there
    }
    kept: list[tuple[str, float]] = []
    for label in sorted(lengths, key=lengths.__getitem__):
        name, length = lengths[label]
        if not any(name == other and alike(length, shorter) for other, shorter in kept):
            kept.append((name, length))
            yield wanted[label]


def _control(profile: Profile, model: str, variant: Variant) -> Variant | None:
    """The control of a variant's length of training; None if that is the original, or cannot be known."""
    went, before = budget(profile, model, variant), profile.recipes[model].epochs
    if not went.total or _is_control(variant):
        return None
    if not went.trained:
        return _of_length(profile, model, CONTROL, went.total)
    entry = next(entry for entry in profile.file.models if entry.name == model)
    if entry.checkpoint or entry.weights or alike(went.total, before):
        return None
    if went.total > before:
        return _of_length(profile, model, CONTROL, went.total - before)
    return _of_length(profile, model, RETRAINED, went.total)


def _of_length(profile: Profile, model: str, name: str, epochs: float) -> Variant:
    """The profile's own control of a length, if it has one that differs by rounding at most."""
    for variant in profile.variants:
        is_one = _is_control(variant) and variant.stages[0].name == name
        if is_one and alike(budget(profile, model, variant).total, epochs):
            return variant
    tidy = int(epochs) if epochs == int(epochs) else float(f"{epochs:.6g}")
    return Variant((Stage(name, (("epochs", tidy),)),))


def _is_control(variant: Variant) -> bool:
    """Whether it trains and does nothing else; who listens to the original has another teacher."""
    first = variant.stages[0]
    return len(variant.stages) == 1 and first.name in (CONTROL, RETRAINED) and not dict(first.chosen).get("distill")
