"""Accuracy and footprint of every variant: the main table."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

import numpy as np

from bench.analysis import wording
from bench.analysis.budget import leading
from bench.analysis.claims import Claim, claim_on, nothing_to_lose
from bench.analysis.left import left_in_float32
from bench.analysis.networks import title_of
from bench.analysis.outcomes import primary, primary_less_original
from bench.analysis.study import Study, judgement
from bench.render.kit.prose import counted, listed, spelled
from bench.render.kit.rows import NAMES, Network, apart_from_another_seed, networks
from bench.render.kit.table import DASH, Column, Datum, Table, estimate, number, tabulate
from bench.render.tables.budget import bests
from bench.render.tables.verdicts import DECIDES, deciding
from bench.render.text import captions
from bench.roles import ORIGINAL
from bench.task import Primary

WORTH_A_WORD = 0.01  # share of the stored weights
PAYLOAD = "Bytes of weights, scales, masks and codes in the packed file, mean over seeds; 1 kB = 1000 bytes."


def build(study: Study) -> Table | None:
    """The table; the leading set of each model is bold."""
    return tabulate(
        "results",
        f"{study.primary.capital} and footprint",
        f"{study.primary.name} of each network, read back from its packed file, beside its sizes.",
        _columns(study),
        networks(study, apart_from_another_seed(study)),
        notes=_notes(study),
        finding=_tied(study),
        details=captions.joined(
            "Differences are paired by seed. Below the line of each network: what the methods are compared with. "
            "Reference: the original, or what was trained for as long.",
            _bold(study),
        ),
    )


def _columns(study: Study) -> tuple[Column[Network], ...]:
    task = study.primary
    score: Column[Network] = Column(
        "micronet", "MicroNet", "number", "Parameters / 36.5e6 + operations / 10.49e9; lower is better.",
        lambda net: net.mean("micronet_score").value, "", 5,
        spare=True,
    )  # fmt: skip
    judged = partial(_claimed, study)
    return (
        *NAMES,
        Column("top1", task.title, "estimate", f"Test {task.noun} of the network read back from the packed file.",
               lambda net: _level(study, net), task.level_unit, task.digits),
        *_beside(study),
        Column("top1_less_original", "From original", "estimate",
               f"Change in {task.noun} from the original, paired by seed and image; not judged.",
               lambda net: _less_original(study, net), task.unit, task.digits, signed=True),
        Column("top1_less_reference", "From reference", "estimate",
               f"Change in {task.noun} from what trained as long, uncompressed; the verdict is on it.",
               lambda net: judged(net, _less_reference), task.unit, task.digits, signed=True),
        Column("word", "Verdict", "verdict", "On the difference to the reference, after Holm.",
               lambda net: judged(net, _word)),
        Column("payload", "Payload", "number", PAYLOAD,
               lambda net: net.mean("payload_bytes").value, "kB", 1, scale=1e-3),
        Column("ratio", "Ratio", "number", "The original's payload divided by this one's.",
               lambda net: _ratio(study, net), "×", 1),
        Column("could_be_best", "Could be best", "text", "Whether no other method is shown to be better; bold too.",
               lambda net: _could_be_best(study, net)),
        Column("chosen", "Chosen for", "text", "Budgets at which its mean on the images it is chosen on is the best of "
               "all that fit, kB.", lambda net: _budgets(study).get((net.model, net.label)), spare=True),
        Column("top1_over_trainings", "Trainings", "number",
               "Half the 95% interval for new trainings on these test images alone.",
               lambda net: _over_trainings(study, net), f"± {task.unit}".strip(), task.digits, spare=True),
        Column("reference", "Reference", "code", f"The variant that its {task.noun} is compared with.",
               lambda net: judged(net, lambda claim: Datum(claim.evidence.reference)), spare=True),
        Column("decides", "Decides", "estimate", "The interval that decides: at the level of the corrected test.",
               lambda net: judged(net, deciding), task.unit, task.digits, signed=True, ends=True, alone=True,
               spare=True, low=f"Lower{DECIDES}", high=f"Upper{DECIDES}"),
        Column("p_different", "p", "p", "Of a difference: the t test's p after Holm.",
               lambda net: judged(net, lambda claim: number(claim.verdict.p_different, hole=DASH)), "differs",
               spare=True),
        Column("p_equivalent", "p", "p", "The larger p of the two one-sided tests (TOST) after Holm.",
               lambda net: judged(net, lambda claim: number(claim.verdict.p_equivalent, hole=DASH)), "same",
               spare=True),
        Column("power", "Power", "number", "Of showing “same”, were there no difference, at Holm's strictest level.",
               lambda net: judged(net, lambda claim: number(claim.power, hole=DASH)), "", 2, spare=True),
        Column("file", "Disk", "number", "Size of the packed file, headers and names included.",
               lambda net: net.mean("file_bytes").value, "kB", 1, scale=1e-3, spare=True),
        Column("activations", "Peak act.", "number",
               "Peak of the live feature maps at batch 1 (graph liveness), at the bits of layers' inputs.",
               lambda net: net.mean("peak_activation_bytes").value, "kB", 1, scale=1e-3, shown=False),
        Column("macs", "MACs", "number", "Multiply-accumulates of one image, zero weights counted.",
               lambda net: net.mean("macs").value, "M", 2, scale=1e-6, spare=True),
        Column("sparsity", "Sparsity", "number", "Share of convolution and linear weights that are zero.",
               lambda net: net.mean("sparsity").value, "%", 1, scale=100, spare=True),
        *([score] if _scored(study) else []),
        Column("left", "Left", "number", "Share of the stored weights that the method left in float32 as they were.",
               lambda net: 100 * sum(left_in_float32(study).get((net.model, net.label), {}).values()), "%", 1,
               shown=False),
        Column("seeds", "n", "number", "Seeds with a result.", lambda net: net.mean(study.primary.test).n, spare=True),
    )  # fmt: skip


def _beside(study: Study) -> Iterator[Column[Network]]:
    """What the task reports beside the outcome that ranks."""
    for outcome in study.beside:

        def mean(net: Network, outcome: Primary = outcome) -> Datum:
            return estimate(net.mean(outcome.test), outcome.scale, hole=net.hole)

        yield Column(
            outcome.metric, outcome.title, "estimate", f"Test {outcome.noun} of the same network; over seeds alone.",
            mean, outcome.level_unit, outcome.digits,
        )  # fmt: skip


def _notes(study: Study) -> Iterator[str]:
    yield "What the methods are compared with has no stars: only methods are tested."
    yield from _left(study)
    leaders = leading(study)
    yield from dict.fromkeys(leader.why_withheld for leader in leaders.values() if leader.why_withheld and leader.n)
    for model, leaders_of_model in leaders.items():
        if leaders_of_model.untested:
            titles = listed(
                [study.plan.variant(label).title for label in leaders_of_model.untested], most=len(study.plan.methods)
            )
            yield f"{title_of(study, model)}: cannot lead, for too few seeds in common: {titles}."


def _left(study: Study) -> Iterator[str]:
    """What of a network its methods do not compress, where it is worth a sentence; all shares are in the data."""
    for model in study.models:
        left = {method.title: left_in_float32(study).get((model, method.label), {}) for method in study.plan.methods}
        shares = {title: sum(weights.values()) for title, weights in left.items()}
        worth = [title for title, share in shares.items() if share >= WORTH_A_WORD]
        if worth:
            most = max(worth, key=shares.__getitem__)
            layers = sorted(left[most], key=lambda name: -left[most][name])
            several = f"{counted(len(worth), 'method')} {'stores' if len(worth) == 1 else 'store'}"
            yield f"On {title_of(study, model)}, {several} some layers as dense float32 of their full size."
            yield f"{most} stores the most so, {shares[most]:.1%} of its weights: {listed(layers, most=2)}."


def _tied(study: Study) -> str:
    """How many methods are not shown to be worse than another; empty where words are withheld."""
    tied = {model: len(bold) for model in study.models if (bold := _bolds(study, model))}
    of = counted(len(study.plan.methods) * len(tied), "compressed network")
    return f"{spelled(sum(tied.values()))} of {of} could be best: no other is shown to be better." if tied else ""


def _bold(study: Study) -> str:
    """What bold means, and which test says so."""
    shown = [leaders for model, leaders in leading(study).items() if _bolds(study, model)]
    if not shown:
        return ""
    return " ".join(f"Bold: could be best, as {test}." for test in dict.fromkeys(estimate.test for estimate in shown))


def _bolds(study: Study, model: str) -> tuple[str, ...]:
    """Labels in bold; none if nothing can be lost, since no word is given then."""
    return () if model in nothing_to_lose(study) else leading(study)[model].bold


def _level(study: Study, net: Network) -> Datum:
    mean, bold = net.mean(study.primary.test), net.label in _bolds(study, net.model)
    level = estimate(mean, study.primary.scale, bold=bold, hole=net.hole)
    return replace(level, instead="" if study.crossed else _in_all_seeds(study, net))


def _could_be_best(study: Study, net: Network) -> Datum:
    if net.variant.control:
        return Datum()
    # A dash where words are withheld: "no" would say that a better one was shown.
    if not any(_bolds(study, net.model)) or not net.mean(study.primary.test).n:
        return Datum(hole=net.hole or DASH)
    return Datum("yes" if net.label in _bolds(study, net.model) else "no")


@judgement
def _budgets(study: Study) -> dict[tuple[str, str], str]:
    """By network, the budgets of the table of budgets that a method is chosen for, e.g. "20, 50"."""
    chosen: dict[tuple[str, str], list[str]] = {}
    for model in study.models:
        for best in bests(study, model):
            chosen.setdefault((model, best.label), []).append(f"{best.budget:g}")
    return {network: ", ".join(budgets) for network, budgets in chosen.items()}


def _over_trainings(study: Study, net: Network) -> Datum:
    spread = study.over_trainings(net.model, net.label)
    half = number(study.primary.scale * (spread.high - spread.low) / 2, hole=net.hole or DASH)
    return replace(half, instead=_in_all_seeds(study, net))


def _in_all_seeds(study: Study, net: Network) -> str:
    """What says more than "± 0.00": "589 of 599 in all 6 seeds"; empty if seeds differ."""
    levels = study.per_seed(study.primary.test, net.model, net.label)
    levels = levels[np.isfinite(levels)]
    if len(levels) < 2 or np.ptp(levels) > 0:
        return ""
    level, table = levels[0], study.table(net.model, net.label)
    whole = f"{study.primary.scale * level:.{study.primary.digits}f}{study.primary.level_unit}"
    if table is not None and study.plan.task.classifies:  # right or wrong: they count
        whole = f"{round(level * table.shape[1]):,} of {table.shape[1]:,}"
    return f"{whole} in all {len(levels)} seeds"


def _less_original(study: Study, net: Network) -> Datum:
    if net.label == ORIGINAL:
        return Datum()
    difference = primary_less_original(study).difference(study, net.model, net.label)
    return estimate(difference, hole=net.hole) if difference else Datum(hole=net.hole)


def _claimed(study: Study, net: Network, say: Callable[[Claim], Datum]) -> Datum:
    """What the claim on a method says; nothing of what no test judges."""
    if net.variant.control:
        return Datum()
    claim = claim_on(study, net.model, net.label, primary(study))
    return say(claim) if claim else Datum(hole=net.hole or DASH)


def _less_reference(claim: Claim) -> Datum:
    return estimate(claim.evidence.difference, stars=claim.stars, hole="none")


def _word(claim: Claim) -> Datum:
    return Datum(wording.verdict(claim), note=wording.why(claim))


def _ratio(study: Study, net: Network) -> float | None:
    payload = study.payload(net.model, net.label)
    return study.payload(net.model, ORIGINAL) / payload if payload else None


def _scored(study: Study) -> bool:
    compressed = study.results.compressed
    return "micronet_score" in compressed and bool(compressed["micronet_score"].notna().any())
