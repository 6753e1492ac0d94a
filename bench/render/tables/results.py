"""Accuracy and footprint of every variant: the main table."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from bench.analysis import wording
from bench.analysis.budget import leading
from bench.analysis.claims import Claim, claim_on, nothing_to_lose
from bench.analysis.left import left_in_float32
from bench.analysis.outcomes import primary, primary_less_original
from bench.analysis.study import Study
from bench.render.kit.prose import listed
from bench.render.kit.rows import NAMES, Network, networks
from bench.render.kit.table import DASH, Column, Datum, Table, estimate, tabulate
from bench.render.text import captions
from bench.roles import ORIGINAL

WORTH_A_WORD = 0.01  # share of the stored weights
PAYLOAD = "Bytes of weights, scales, masks and codes in the packed file, mean over seeds; 1 kB = 1000 bytes."


def build(study: Study) -> Table | None:
    """The table; the leading set of each model is bold."""
    return tabulate(
        "results",
        f"{study.primary.capital} and footprint",
        captions.joined(
            f"{study.primary.name} on the test images, of the network that was read back from "
            "its packed file, against its sizes; differences are paired by seed. Below the line of each model: what "
            "the methods are compared with. Reference: the original, or what was trained for as long.",
            captions.levels(study),
            _bold(study),
            captions.family(study),
            captions.stars(study),
        ),
        _columns(study),
        networks(study),
        notes=_notes(study),
    )


def _columns(study: Study) -> tuple[Column[Network], ...]:
    task = study.primary
    score: Column[Network] = Column(
        "micronet", "MicroNet", "number", "Parameters / 36.5e6 + operations / 10.49e9; lower is better.",
        lambda net: net.mean("micronet_score").value, "", 5,
    )  # fmt: skip
    return (
        *NAMES,
        Column("top1", task.title, "estimate", f"Test {task.noun} of the network read back from the packed file.",
               lambda net: _level(study, net), task.level_unit, task.digits),
        Column("top1_over_trainings", "Trainings", "number",
               "Half the 95% interval for new trainings on these test images alone.",
               lambda net: _over_trainings(study, net), f"± {task.unit}".strip(), task.digits),
        Column("top1_less_original", "Less original", "estimate", "Paired by seed and image; not judged.",
               lambda net: _less_original(study, net), task.unit, task.digits, signed=True),
        Column("top1_less_reference", "Less reference", "estimate", "Less what trained as long, uncompressed.",
               lambda net: _claimed(study, net, _less_reference), task.unit, task.digits, signed=True),
        Column("reference", "Reference", "code", "The variant that its accuracy is compared with.",
               lambda net: _claimed(study, net, lambda claim: Datum(claim.evidence.reference)), shown=False),
        Column("word", "Verdict", "verdict", "On the difference to the reference, after Holm.",
               lambda net: _claimed(study, net, _word), shown=False),
        Column("payload", "Payload", "number", PAYLOAD,
               lambda net: net.mean("payload_bytes").value, "kB", 1, scale=1e-3),
        Column("ratio", "Ratio", "number", "The original's payload divided by this one's.",
               lambda net: _ratio(study, net), "×", 1),
        Column("file", "Disk", "number", "Size of the packed file, headers and names included.",
               lambda net: net.mean("file_bytes").value, "kB", 1, scale=1e-3),
        Column("activations", "Peak act.", "number", "Peak of the live feature maps at batch 1 (graph liveness).",
               lambda net: net.mean("peak_activation_bytes").value, "kB", 1, scale=1e-3),
        Column("macs", "MACs", "number", "Multiply-accumulates of one image, zero weights counted.",
               lambda net: net.mean("macs").value, "M", 2, scale=1e-6),
        Column("sparsity", "Sparsity", "number", "Share of convolution and linear weights that are zero.",
               lambda net: net.mean("sparsity").value, "%", 1, scale=100),
        *([score] if _scored(study) else []),
        Column("left", "Left", "number", "Share of the stored weights that the method left in float32 as they were.",
               lambda net: 100 * sum(left_in_float32(study).get((net.model, net.label), {}).values()), "%", 1,
               shown=False),
        Column("seeds", "n", "number", "Seeds with a result.", lambda net: net.mean(study.primary.test).n),
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
            yield f"{model}: cannot lead, for too few seeds in common: {titles}."


def _left(study: Study) -> Iterator[str]:
    """What of a network its methods do not compress, where it is worth a sentence."""
    for model in study.models:
        parts = []
        for method in study.plan.methods:
            weights = left_in_float32(study).get((model, method.label), {})
            if (share := sum(weights.values())) >= WORTH_A_WORD:
                largest = sorted(weights, key=lambda name: -weights[name])
                parts.append(f"{method.title} {listed(largest, most=2)}, {share:.1%} of the weights it stores")
        if parts:
            yield f"{model}, left in float32 as they were: {'; '.join(parts)}."


def _bold(study: Study) -> str:
    shown = [leaders for model, leaders in leading(study).items() if _bolds(study, model)]
    if not shown:
        return ""
    tests = "; ".join(dict.fromkeys(leaders.test for leaders in shown))
    return f"Bold: the leading methods, those of which {tests}."


def _bolds(study: Study, model: str) -> tuple[str, ...]:
    """Labels in bold; none if nothing can be lost, since no word is given then."""
    return () if model in nothing_to_lose(study) else leading(study)[model].bold


def _level(study: Study, net: Network) -> Datum:
    mean, bold = net.mean(study.primary.test), net.label in _bolds(study, net.model)
    return estimate(mean, study.primary.scale, bold=bold, hole=net.hole)


def _over_trainings(study: Study, net: Network) -> float:
    spread = study.over_trainings(net.model, net.label)
    return study.primary.scale * (spread.high - spread.low) / 2


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
