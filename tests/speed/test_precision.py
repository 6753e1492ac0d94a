"""What the comparison of precisions is made of; how fast each is depends on the machine and is no test."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from bench.speed import precision
from bench.speed.training import Workload

TINY = Workload("resnet8", torch.device("cpu"), images=64, matrix=16)


def test_modes_are_those_of_the_machine(monkeypatch):
    monkeypatch.setattr(precision, "has_compiler", lambda: True)
    monkeypatch.setattr(precision, "computes_bfloat16", lambda _: True)
    named = [(mode.precision, mode.compiled) for mode in precision.modes(TINY)]
    assert named == [("float32", False), ("bfloat16", False), ("float32", True), ("bfloat16", True)]
    monkeypatch.setattr(precision, "has_compiler", lambda: False)
    monkeypatch.setattr(precision, "computes_bfloat16", lambda _: False)
    assert precision.modes(TINY) == [TINY]


def test_operations_forward_are_counted_by_hand():
    stem = 3 * 9 * 16 * 32**2
    stages = 9 * (2 * 16 * 16 * 32**2 + (16 * 32 + 32 * 32) * 16**2 + (32 * 64 + 64 * 64) * 8**2)
    assert precision.forward_flop(TINY.network().eval(), TINY) == 2 * (stem + stages + 64 * 10)


def test_every_kind_of_work_has_a_row(monkeypatch):
    monkeypatch.setattr(precision, "ROUNDS", 1)
    names = [row[0] for row in precision.compare([TINY])]
    assert names == ["training, float32", "evaluation, float32", "integrated gradients, float32"]


def test_looks_are_not_compiled():
    assert not precision.looking(replace(TINY, compiled=True)).name


def test_columns_are_aligned():
    assert precision.columns([("", "b"), ("long", "22")]) == "         b\n  long  22"


@pytest.mark.slow
def test_all_modes_run(monkeypatch):
    monkeypatch.setattr(precision, "ROUNDS", 1)
    modes = precision.modes(TINY)
    assert len(precision.compare(modes)) == 2 * len(modes) + len({mode.precision for mode in modes})
