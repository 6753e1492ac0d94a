"""The footprint of any model under any method, without data and without training."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import Any

from bench.compress.variant import parse, with_settings
from bench.compress.without_data import Subject
from bench.footprint.cost import cost
from bench.footprint.micronet import micronet
from bench.footprint.packed import sizes
from bench.footprint.untouched import untouched


def subject(options: argparse.Namespace) -> Subject:
    """The subject that `_options.add_subject` asks for.

    Raises:
        InputError: no such method or setting, or a chain in an order that makes no sense.
    """
    variant = with_settings(parse(options.method), options.settings)
    variant.check()
    return Subject(options.model, variant, options.channels, options.classes, options.size, options.checkpoint)


def footprint(subject: Subject) -> dict[str, Any]:
    """Bytes and operations of a model under a method or chain.

    Returns:
        Totals of the packed file and of one forward pass at batch 1, and "layers", one row per stored tensor.

    Raises:
        InputError: see `Subject.packed`.
    """
    packed = subject.packed()
    stored = sizes(packed)
    layers = [asdict(layer) for layer in stored.layers]
    left = untouched(layers, {name: tuple(tensor.shape) for name, tensor in subject.fresh().state_dict().items()})
    return {
        "model": subject.model,
        "method": subject.variant.label,
        "payload_bytes": stored.payload_bytes,
        "file_bytes": stored.file_bytes,
        **asdict(cost(packed, subject.fresh(), (1, *subject.shape))),
        "left_as_they_were": [f"{name} ({share:.1%} of the stored weights)" for name, share in left.items()],
        "layers": layers,
    }


def micronet_score(subject: Subject) -> dict[str, Any]:
    """The score of a model under a method or chain by the rules of the MicroNet challenge, with its parts.

    Raises:
        InputError: see `Subject.packed`.
    """
    counted = micronet(subject.packed(), subject.fresh(), (1, *subject.shape))
    return {
        "model": subject.model,
        "method": subject.variant.label,
        **asdict(counted),
        "operations": counted.operations,
        "score": counted.score,
    }


def as_text(report: dict[str, Any]) -> str:
    """A footprint as lines of text."""
    layers = report.get("layers", [])
    totals = {name: value for name, value in report.items() if name != "layers"}
    width = max(map(len, totals))
    lines = [f"{name.replace('_', ' '):{width}}  {_number(value)}" for name, value in totals.items()]
    lines += [f"  {layer['name']:40} {layer['payload_bytes']:>12,} B  {layer['layout']}" for layer in layers]
    return "\n".join(lines)


def _number(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or "none"
    return f"{value:,}" if isinstance(value, int) else str(value)
