"""Accuracy against payload: the answer to "what is the best accuracy at the smallest footprint?"."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from math import inf, isfinite

from bench.analysis import wording
from bench.analysis.budget import Within, best_within
from bench.analysis.choice import chosen_on, largest_payload
from bench.analysis.networks import title_of
from bench.analysis.study import Study
from bench.analysis.wording import decimal
from bench.render.figures._points import Point
from bench.render.figures._tradeoff import Panel, paint, panel_of
from bench.render.kit.figure import Figure
from bench.render.kit.names import anchors, cut, values_alone
from bench.render.kit.prose import counted
from bench.render.kit.table import Column, Datum, Table, tabulate
from bench.render.text import captions
from bench.roles import ORIGINAL

LONGEST = 40  # letters of a method's name in a finding


def build(study: Study) -> list[Figure]:
    """One figure per network that has anything packed."""
    return list(_figures(study))


def _figures(study: Study) -> Iterator[Figure]:
    task = study.primary
    for model, anchor in anchors(study.models).items():
        part = panel_of(study, model, "payload_bytes")
        if part is None:
            continue
        chance = " The dotted line is chance." if part.chance is not None else ""
        far = " Collapsed methods stand in the strip below, on an axis of their own." if part.collapsed else ""
        shaded = " A line joins the settings of one method, darker as its file shrinks." if _swept(part) else ""
        ties = (
            f" Band: of all methods of at most that size, the best is chosen on {chosen_on(study)}. The band holds the "
            "test levels of it and of all that no test tells from it."
            if part.steps
            else ""
        )
        yield Figure(
            f"footprint-{anchor}",
            f"{task.capital} against size",
            "Band: tied with the best at that size." if part.steps else "",
            f"Scatter plot of {task.running} against payload in kilobytes for {title_of(study, model)}; every point is "
            "a row of the table of results.",
            partial(paint, [part], "Payload (kB, log scale)"),
            ("results",),
            tools="footprint",
            network=model,
            finding=_finding(study, model),
            details=captions.joined(
                f"Test {task.noun} of the network read back from its packed file, against its payload."
                f"{ties}{far}{chance}{shaded} Dashed line: the original. Hollow grey: controls. An arrowhead is an "
                "interval that goes on.",
                captions.levels(study),
                "Tests: see the verdicts.",
            ),
            summary=_summary(study, part, f"footprint-{anchor}"),
        )


def _swept(part: Panel) -> bool:
    return any(len(sweep) > 1 for sweep in part.sweeps)


def _finding(study: Study, model: str) -> str:
    """The smallest method that may be the best, in one sentence."""
    within, whole = best_within(study, model, inf), largest_payload(study, model, ORIGINAL)
    network = title_of(study, model)
    if within is None:
        return f"No method has a result on {network} yet."
    if within.silent and within.others:
        if within.silent == "seeds":
            verb = "is" if within.seeds == 1 else "are"
            return f"{counted(within.seeds, 'seed')} {verb} too few to rank methods on {network}."
        return f"With an original near chance, no two methods on {network} can be told apart."
    tied = (within.best, *within.undecided)
    smallest = min(tied, key=lambda label: (largest_payload(study, model, label), label))
    bytes_, size = largest_payload(study, model, smallest), wording.file_size(study, model, smallest)
    ratio = f", {decimal(whole / bytes_, 1)}× smaller than the original" if isfinite(whole) and whole > bytes_ else ""
    name = cut(values_alone(study.plan.variant(smallest)), LONGEST)
    if not within.undecided:
        return f"{name} {_beats(within)} on {network}: {size}{ratio}."
    return (
        f"{name} is the smallest of {counted(len(tied), 'method')} that may be the {study.primary.best} on {network}: "
        f"{size}{ratio}."
    )


def _beats(within: Within) -> str:
    """What a method is that no other may equal."""
    beaten = within.others - len(within.untested)
    if not within.others:
        return "is the one method"
    if not beaten:
        return f"has too few seeds in common with {counted(within.others, 'other')} to be ranked"
    if within.untested:
        return f"beats {counted(beaten, 'other')} of {within.others}, all that could be tested,"
    return "beats the other method" if beaten == 1 else f"beats all {beaten} others"


def _summary(study: Study, part: Panel, id_: str) -> Table | None:
    """Accuracy and size, the most accurate first."""
    task = study.primary
    columns: list[Column[Point]] = [
        Column("title", "Method", "text", "As printed.", lambda point: point.variant.title),
        Column(
            "level", task.title, "estimate", f"Mean {task.noun} with its 95% interval.",
            lambda point: Datum(point.level, point.low, point.high), unit=task.level_unit, digits=task.digits,
            ends=True,
        ),
        Column("size", "Payload", "number", "Mean over seeds.", lambda point: point.size, unit="kB", digits=1),
    ]  # fmt: skip
    drawn = sorted(part.points, key=lambda point: -point.level)
    return tabulate(
        f"{id_}-summary", f"{task.capital} against size: {title_of(part.study, part.model)}", "", columns, {"": drawn}
    )
