"""Several profiles in one report: what they have in common, side by side."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import isfinite

from bench.analysis.claims import Claim, claim_on
from bench.analysis.inside import first_scaled
from bench.analysis.networks import titles
from bench.analysis.outcomes import primary
from bench.analysis.sameness import inside_claim
from bench.analysis.study import Study
from bench.analysis.wording import inside_margin, inside_word, verdict
from bench.render.kit.prose import Sentence, Strong, counted, listed
from bench.render.kit.rows import NAMES, Network
from bench.render.kit.table import DASH, Column, Datum, Table, estimate, number, tabulate
from bench.render.text import captions
from bench.roles import ORIGINAL
from bench.runner.shell import command

ALONE = "The profiles share no method on a network of the same name, so that nothing can stand side by side."


@dataclass(frozen=True, kw_only=True)
class Entry(Network):
    """One method on one network, as one profile measured it.

    Attributes:
        study: of that profile.
        agree: whether the profiles come to the same word on its inside; None if fewer than two can tell.
    """

    study: Study
    agree: bool | None


@dataclass(frozen=True)
class Comparison:
    """What stands before the parts of several profiles.

    Attributes:
        table: one row per network, method and profile, the methods of a network in the order of the first that has
            them; None if no profile has a method.
    """

    text: tuple[Sentence, ...]
    table: Table | None


def side_by_side(studies: Sequence[Study]) -> Comparison | None:
    """Every method of every profile on every network; None for a single profile."""
    if len(studies) < 2:
        return None
    models = dict.fromkeys(model for study in studies for model in study.models)
    shared = {model: _shared(studies, model) for model in models}
    table = tabulate(
        "side-by-side",
        "The profiles side by side",
        _caption(studies),
        _columns(studies),
        {name: _entries(studies, model) for model, name in titles(tuple(models)).items()},
        details=_details(studies),
    )
    return Comparison((_sentence(studies, shared) if any(shared.values()) else (ALONE,), _command(studies)), table)


def _entries(studies: Sequence[Study], model: str) -> Iterator[Entry]:
    asked = [study for study in studies if model in study.models]
    labels = dict.fromkeys(variant.label for study in asked for variant in study.plan.methods)
    for label in labels:
        agree = _agree(studies, model, label)
        for study in asked:
            for variant in study.plan.methods:
                if variant.label == label:
                    yield Entry(study, model, variant, study.hole(model, label), study=study, agree=agree)


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


def _columns(studies: Sequence[Study]) -> tuple[Column[Entry], ...]:
    units = {study.primary.unit for study in studies}
    unit = units.pop() if len(units) == 1 else ""
    digits = max(study.primary.digits for study in studies)
    return (
        *NAMES,
        Column("profile", "Profile", "text", "Who measured it.", lambda net: net.study.plan.name),
        Column("payload", "Size", "number", "Payload of the packed file, mean over seeds.",
               lambda net: _measured(net, net.study.payload(net.model, net.label)), "kB", 1, scale=1e-3),
        Column("ratio", "Smaller", "number", "The original's payload divided by this one's.", _ratio, "×", 1),
        Column("difference", "Change", "estimate", "The primary outcome of the packed file less its reference's.",
               lambda net: _said(net, _difference), unit, digits, signed=True),
        Column("word", "Verdict", "verdict", "On that difference, after Holm.",
               lambda net: _said(net, lambda claim: Datum(verdict(claim)))),
        Column("inside", "Inside", "verdict", "All measures that decide together, after Holm.", _inside),
        Column("same", "Insides", "text", "Whether all profiles that can tell come to the same word.",
               lambda net: Datum(hole=DASH) if net.agree is None else "yes" if net.agree else "no", "agree"),
        Column("distance", "Distance", "estimate", "Of the inside from the original, by the first measure on a scale.",
               _distance, "seed-eq.", 2, shown=False),
        Column("seeds", "n", "number", "Seeds behind the difference.", _seeds, shown=False),
    )  # fmt: skip


def _measured(net: Entry, value: float) -> Datum | float:
    return value if isfinite(value) else Datum(hole=_hole(net))


def _ratio(net: Entry) -> Datum:
    payload, original = (net.study.payload(net.model, label) for label in (net.label, ORIGINAL))
    return number(original / payload if payload > 0 else None, hole=_hole(net))


def _seeds(net: Entry) -> Datum:
    # 0 if its cells are missing or failed.
    tested = _said(net, lambda claim: Datum(claim.evidence.difference.n))
    return tested if not tested.hole else Datum(0)


def _said(net: Entry, say: Callable[[Claim], Datum]) -> Datum:
    """What a profile claims of a network; why it claims nothing."""
    claim = claim_on(net.study, net.model, net.label, primary(net.study))
    return say(claim) if claim else Datum(hole=_hole(net))


def _difference(claim: Claim) -> Datum:
    return estimate(claim.evidence.difference, stars=claim.stars, hole="none")


def _distance(net: Entry) -> Datum:
    claim = inside_claim(net.study, net.model, net.label)
    measured = claim.measures.get(first_scaled(net.study.plan)) if claim else None
    return estimate(measured.distance) if measured else Datum(hole=_uncompared(net))


def _inside(net: Entry) -> Datum:
    claim = inside_claim(net.study, net.model, net.label)
    return Datum(inside_word(claim) or None, hole=DASH) if claim else Datum(hole=_uncompared(net))


def _uncompared(net: Entry) -> str:
    return net.study.hole(net.model, net.label, "compare") or "none"


def _hole(net: Entry) -> str:
    return net.study.hole(net.model, net.label, primary(net.study).kind) or "missing"


def _caption(studies: Sequence[Study]) -> str:
    outcome = " or ".join(dict.fromkeys(study.primary.within for study in studies))
    return (
        f"Each method by profile: its size, how {outcome} changes against its reference, and the word on that and on "
        "its inside."
    )


def _details(studies: Sequence[Study]) -> str:
    profiles = " ".join(
        f"{study.plan.name}: {counted(study.seeds, 'seed')}, {study.plan.features[0]} features, "
        f"margin {inside_margin(study)}, {captions.version(study)}"
        for study in studies
    )
    stars = " ".join(dict.fromkeys(captions.stars(study) for study in studies))
    return captions.joined(
        profiles,
        "Intervals are 95%. Words come after Holm within a network of a profile.",
        stars,
        "Data, budgets and margins differ between profiles: compare words and signs, not sizes.",
        "No test compares profiles.",
    )


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
        return (f"{names} share ", Strong(methods), f" on {networks}. No two of them have a word on the same inside.")
    return (
        f"{names} share ",
        Strong(methods),
        f" on {networks}. At least two have a word on {counted(len(judged), 'inside')}; the words agree for "
        f"{sum(judged)}.",
    )
