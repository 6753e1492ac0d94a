"""Accuracy and footprint of every variant: the main table."""

from __future__ import annotations

from collections.abc import Iterator

from bench.analysis.budget import leading
from bench.analysis.claims import claim_on
from bench.analysis.outcomes import Outcome, primary, primary_beyond_control
from bench.analysis.study import Study
from bench.render.kit.prose import listed
from bench.render.kit.rows import NAMES, Network, networks
from bench.render.kit.table import Column, Datum, Table, estimate, tabulate
from bench.render.text import captions
from bench.roles import ORIGINAL

PAYLOAD = "Bytes of weights, scales, masks and codes in the packed file, mean over seeds; 1 kB = 1000 bytes."


def build(study: Study) -> Table | None:
    """The table; the leading set of each model is bold."""
    return tabulate(
        "results",
        f"{study.primary.capital} and footprint",
        captions.joined(
            f"{study.primary.name} on the test images, of the network that was read back from "
            "its packed file, against its sizes; differences are paired by seed. Below the line of each model: what "
            "the methods are compared with.",
            captions.means(study),
            _bold(study),
            captions.family(study),
            captions.stars(study),
        ),
        _columns(study),
        networks(study),
        notes=_notes(study),
    )


def _columns(study: Study) -> tuple[Column[Network], ...]:
    task, original, control = study.primary, primary(study), primary_beyond_control(study)
    score: Column[Network] = Column(
        "micronet", "MicroNet", "number", "Parameters / 36.5e6 + operations / 10.49e9; lower is better.",
        lambda net: net.mean("micronet_score").value, "", 5,
    )  # fmt: skip
    return (
        *NAMES,
        Column("top1", task.title, "estimate", f"Test {task.noun} of the network read back from the packed file.",
               lambda net: _level(study, net), task.level_unit, task.digits),
        Column("top1_less_original", "Less original", "estimate", "Paired by seed.",
               lambda net: _difference(study, net, original), task.unit, task.digits, signed=True),
        Column("top1_less_control", "Less control", "estimate", "Less fine-tuned control, by seed.",
               lambda net: _difference(study, net, control), task.unit, task.digits, signed=True),
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
        Column("seeds", "n", "number", "Seeds with a result.", lambda net: net.mean(study.primary.test).n),
    )  # fmt: skip


def _notes(study: Study) -> Iterator[str]:
    yield "What the methods are compared with has no stars: only methods are tested."
    leaders = leading(study)
    yield from dict.fromkeys(leader.why_withheld for leader in leaders.values() if leader.why_withheld)
    for model, leaders_of_model in leaders.items():
        if leaders_of_model.untested:
            titles = listed(
                [study.plan.variant(label).title for label in leaders_of_model.untested], most=len(study.plan.methods)
            )
            yield f"{model}: cannot lead, for too few seeds in common: {titles}."


def _bold(study: Study) -> str:
    shown = [leaders for leaders in leading(study).values() if leaders.bold]
    if not shown:
        return ""
    tests = "; ".join(dict.fromkeys(leaders.test for leaders in shown))
    return f"Bold: the leading methods, those of which {tests}."


def _level(study: Study, net: Network) -> Datum:
    mean, bold = net.mean(study.primary.test), net.label in leading(study)[net.model].bold
    return estimate(mean, study.primary.scale, bold=bold, hole=net.hole)


def _difference(study: Study, net: Network, outcome: Outcome) -> Datum:
    """As it was tested; a control's own difference, which no test judges, without stars."""
    # A claim's difference is in the outcome's unit already; the study's own is a share, and has its scale to come.
    claim = claim_on(study, net.model, net.label, outcome)
    if claim:
        return estimate(claim.evidence.difference, stars=claim.stars, hole=net.hole)
    difference = net.difference(study.primary.test, outcome.reference)
    if isinstance(difference, Datum):
        return difference
    return estimate(difference, study.primary.scale, hole=net.hole)


def _ratio(study: Study, net: Network) -> float | None:
    payload = study.payload(net.model, net.label)
    return study.payload(net.model, ORIGINAL) / payload if payload else None


def _scored(study: Study) -> bool:
    compressed = study.results.compressed
    return "micronet_score" in compressed and bool(compressed["micronet_score"].notna().any())
