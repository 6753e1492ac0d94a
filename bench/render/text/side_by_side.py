"""Several profiles in one report: what they have in common, side by side."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bench.analysis.claims import Claim, claim_on
from bench.analysis.inside import first_scaled
from bench.analysis.outcomes import Outcome, primary
from bench.analysis.sameness import inside_claim
from bench.analysis.study import Study
from bench.analysis.wording import inside_margin, inside_word, measure_title
from bench.render.kit.prose import Sentence, Strong, counted, listed
from bench.render.kit.rows import NAMES, Network
from bench.render.kit.table import DASH, Column, Datum, Table, estimate, number, tabulate
from bench.render.text import captions
from bench.roles import ORIGINAL
from bench.runner.shell import command

ALONE = "The profiles share no method on a network of the same name, so that nothing can stand side by side."


@dataclass(frozen=True)
class Comparison:
    """What stands before the parts of several profiles.

    Attributes:
        table: None if the profiles share nothing.
    """

    text: tuple[Sentence, ...]
    table: Table | None


def side_by_side(studies: Sequence[Study]) -> Comparison | None:
    """The methods that at least two profiles measured on a network of the same name; None for a single profile."""
    if len(studies) < 2:
        return None
    shared = {model: _shared(studies, model) for model in dict.fromkeys(m for study in studies for m in study.models)}
    columns = (*NAMES, *(column for study in studies for column in _columns(study)), _same(studies))
    table = tabulate("side-by-side", "The profiles side by side", _caption(studies), columns, shared)
    return Comparison((_sentence(studies, shared) if table else (ALONE,), _command(studies)), table)


def _command(studies: Sequence[Study]) -> Sentence:
    plans = [study.plan for study in studies]
    names = [plan.name for plan in plans]
    runs = [plan.command or command("bench", plan.name) for plan in plans]
    if runs == [f"make bench PROFILE={name}" for name in names]:
        again = f'make bench report PROFILE="{" ".join(names)}"'
    else:  # files, searches, and names that need quotes are run as they were
        again = " && ".join([*runs, shlex.join(["python", "-m", "bench", "report", "--profile", *names])])
    return ("To make this report again: ", Strong(again), ".")


def _shared(studies: Sequence[Study], model: str) -> list[Network]:
    """The methods of a model that at least two profiles have, as the first of these names them."""
    # Plans of two versions may title one label differently: the title of the first profile is printed.
    methods = [
        Network(study, model, variant) for study in studies if model in study.models for variant in study.plan.methods
    ]
    labels = [net.label for net in methods]
    first = {net.label: net for net in reversed(methods)}
    return [first[label] for label in dict.fromkeys(labels) if labels.count(label) > 1]


def _columns(study: Study) -> tuple[Column[Network], ...]:
    """What one profile says of a method on a network."""
    name, task, accuracy = study.plan.name, study.primary, primary(study)
    less = f"{task.title} of the packed file less that of its reference."
    smaller = "Payload of the original by that of the packed file."
    beyond = f"By {measure_title(study, first_scaled(study.plan))}, {study.plan.features[0]} features."
    behind = f"Seeds behind the difference of {task.noun}."

    def ratio(net: Network) -> Datum:
        payload, original = study.payload(net.model, net.label), study.payload(net.model, ORIGINAL)
        return number(original / payload if payload > 0 else None, hole=_hole(study, accuracy, net))

    def seeds(net: Network) -> Datum:
        # 0 if its cells are missing or failed, a dash if the profile never asked for it.
        tested = _said(study, accuracy, net, lambda claim: Datum(claim.evidence.difference.n))
        return tested if tested.hole in ("", DASH) else Datum(0)

    return (
        Column(f"{name}-accuracy", name, "estimate", less,
               lambda net: _said(study, accuracy, net, _difference), task.unit, task.digits, signed=True),
        Column(f"{name}-smaller", name, "number", smaller, ratio, "smaller", 1),
        Column(f"{name}-distance", name, "estimate", beyond, lambda net: _distance(study, net), "seed-eq.", 2),
        Column(f"{name}-inside", name, "verdict", "All measures that decide together, after Holm.",
               lambda net: _inside(study, net), "inside"),
        Column(f"{name}-seeds", name, "number", behind, seeds, "n", shown=False),
    )  # fmt: skip


def _said(study: Study, outcome: Outcome, net: Network, say: Callable[[Claim], Datum]) -> Datum:
    """What a profile claims of a network; why it claims nothing."""
    claim = claim_on(study, net.model, net.label, outcome)
    return say(claim) if claim else Datum(hole=_hole(study, outcome, net))


def _distance(study: Study, net: Network) -> Datum:
    claim = inside_claim(study, net.model, net.label)
    measured = claim.measures.get(first_scaled(study.plan)) if claim else None
    return estimate(measured.distance) if measured else Datum(hole=_uncompared(study, net))


def _inside(study: Study, net: Network) -> Datum:
    claim = inside_claim(study, net.model, net.label)
    return Datum(inside_word(claim) or None, hole=DASH) if claim else Datum(hole=_uncompared(study, net))


def _uncompared(study: Study, net: Network) -> str:
    return DASH if _not_asked(study, net) else study.hole(net.model, net.label, "compare") or "none"


def _not_asked(study: Study, net: Network) -> bool:
    return net.model not in study.models or all(variant.label != net.label for variant in study.plan.variants)


def _difference(claim: Claim) -> Datum:
    return estimate(claim.evidence.difference, stars=claim.stars)


def _hole(study: Study, outcome: Outcome, net: Network) -> str:
    """Why a profile says nothing of a network; a dash if it never asked for it."""
    if _not_asked(study, net):
        return DASH
    return study.hole(net.model, net.label, outcome.kind) or ("missing" if outcome.kind == "compress" else "none")


def _caption(studies: Sequence[Study]) -> str:
    profiles = "; ".join(
        f"{study.plan.name}: {study.seeds} seeds, {study.plan.features[0]} features, "
        f"margin {inside_margin(study)}, {captions.version(study).rstrip('.')}"
        for study in studies
    )
    outcome = " or ".join(dict.fromkeys(study.primary.within for study in studies))
    unit = " or ".join(dict.fromkeys(study.primary.unit or study.primary.noun for study in studies))
    stars = " ".join(dict.fromkeys(captions.stars(study) for study in studies))
    return captions.joined(
        "Methods that at least two profiles measured on a network of the same name. "
        f"{unit[:1].upper()}{unit[1:]}: {outcome} of the packed file less that of its reference, mean over seeds with "
        "its 95% interval. Smaller: payload of the original by that of the packed file. Seed-eq.: distance of the "
        "inside from the original, in units of another training's; inside: the word of all measures that decide, "
        "after Holm within a model of a profile.",
        stars,
        f"{profiles}.",
        "Data, budgets and margins differ between profiles: compare words and signs, not sizes; no test between "
        "profiles.",
    )


def _same(studies: Sequence[Study]) -> Column[Network]:
    def get(net: Network) -> Datum | str:
        same = _agree(studies, net.model, net.label)
        return Datum(hole=DASH) if same is None else "yes" if same else "no"

    describe = "Whether all profiles that can tell come to the same word; a dash if fewer than two can."
    return Column("same", "Insides", "text", describe, get, "agree")


def _agree(studies: Sequence[Study], model: str, label: str) -> bool | None:
    """Whether all profiles that tell the inside come to the same word and direction; None if fewer than two do."""
    # To tell nothing is no word that others could share or contradict.
    claims = [claim for study in studies if (claim := inside_claim(study, model, label))]
    words = [inside_word(claim) for claim in claims if claim.same or claim.changed]
    return len(set(words)) == 1 if len(words) > 1 else None


def _sentence(studies: Sequence[Study], shared: dict[str, list[Network]]) -> Sentence:
    pairs = [(net.model, net.label) for networks in shared.values() for net in networks]
    judged = [same for pair in pairs if (same := _agree(studies, *pair)) is not None]
    methods = counted(len({label for _, label in pairs}), "method")
    networks = counted(len({model for model, _ in pairs}), "network")
    names = listed([study.plan.name for study in studies])
    if not judged:
        return (f"{names} share ", Strong(methods), f" on {networks}; on the inside no two of them can tell.")
    return (
        f"{names} share ",
        Strong(methods),
        f" on {networks}; on the inside they come to the same word for {sum(judged)} of the "
        f"{counted(len(judged), 'pair')} of method and network of which at least two can tell.",
    )
