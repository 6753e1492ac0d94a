"""One training on two devices, here processes: the same bytes twice, refusals in a sentence, and no process left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
import pytest
import torch
from torch import nn

from bench.compress.codebooks import shared_words
from bench.compress.codebooks.shared_words import Words
from bench.compress.pruning.masking import apply, global_magnitude, keep_zeros
from bench.data import Split
from bench.training._ranks import RankDied
from bench.training.checkpoints import kept_in
from bench.training.hooks import on_tensors
from bench.training.loop import CannotSpread, train
from tests.training.test_checkpoints import NORMAL, RECIPE, Killed, dying_at, small, state

TWO = replace(RECIPE, devices=2, batch_size=25)  # on each


def trained(split: Split, recipe=TWO, make=small, **options) -> tuple[nn.Module, tuple[dict[str, float], ...]]:
    network = make()
    return network, train(network, split, recipe=recipe, seed=5, **NORMAL, **options)


def plain() -> nn.Module:
    """Nothing that differs between the shares of a batch: no batch norm, no dropout."""
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(144, 10))


def children() -> list[psutil.Process]:
    """Ranks that this process started."""
    return [child for child in psutil.Process().children(recursive=True) if "_rank" in " ".join(child.cmdline())]


@pytest.mark.slow
def test_two_ranks_take_the_steps_of_one_with_their_batches_together(few):
    two, history = trained(few, make=plain)
    one, expected = trained(few, RECIPE, make=plain)
    for ours, theirs in zip(two.parameters(), one.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-6)
    assert [row["loss"] for row in history] == pytest.approx([row["loss"] for row in expected], rel=1e-5)


@pytest.mark.slow
def test_codebooks_are_trained_as_one_device_trains_them(few):
    def shared():
        network = plain()
        generator = np.random.default_rng(0)
        codebook = generator.normal(size=(8, 12)).astype(np.float32) / 10
        shared_words.share(network, {"3.weight": Words(codebook, generator.integers(0, 8, (10, 12)))})
        return network

    two, _ = trained(few, make=shared)
    one, _ = trained(few, RECIPE, make=shared)
    for ours, theirs in zip(two.parameters(), one.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-6)
    words = "3.parametrizations.weight.original"
    assert not torch.equal(two.get_parameter(words), shared().get_parameter(words))


def test_two_ranks_twice_give_the_same_bytes_and_go_on_from_a_checkpoint(few, tmp_path):
    options = {"validation": few, "teacher": small(seed=3), "recipe": replace(TWO, optimizer="adam", epochs=2)}
    network, history = trained(few, **options)
    with pytest.raises(Killed), kept_in(tmp_path / "cell") as checkpoints:
        checkpoints.minutes = 0
        trained(few, checkpoints=checkpoints, after_step=dying_at(5), **options)
    with kept_in(tmp_path / "cell") as checkpoints:
        again, rows = trained(few, checkpoints=checkpoints, after_step=on_tensors(lambda *_: None), **options)
    assert state(again) == state(network) != state(trained(few, RECIPE)[0])
    assert rows == history
    assert not children()


def test_what_a_hook_sets_on_rank_0_holds_on_all(few):
    network = small()
    masks = global_magnitude(network, 0.8)
    apply(network, masks)
    train(network, few, recipe=TWO, seed=5, after_step=keep_zeros(network, masks), **NORMAL)
    for name, mask in masks.items():
        assert torch.equal(network.get_parameter(name) != 0, mask)


def unsendable(error):
    """A network whose own code refuses to be sent, by an error of some kind."""

    class Unsendable(nn.Sequential):
        def __reduce__(self):
            raise error

    return Unsendable(*plain())


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"before_step": lambda *_: None}, "this method does more than to read and write the network's tensors"),
        ({"recipe": replace(TWO, devices=64)}, "40 training images cannot be shared by 64 devices"),
        ({"make": lambda: unsendable(TypeError("a socket"))}, r"cannot be sent to other processes \(a socket\)"),
        ({"make": lambda: unsendable(RuntimeError("no, see:\nX"))}, r"cannot be sent to other processes \(no, see:\)"),
    ],
)
def test_what_cannot_be_shared_is_refused(few, options, words):
    with pytest.raises(CannotSpread, match=words):
        trained(Split(few.images[:40], few.labels[:40]), **options)
    assert not children()


def test_a_rank_that_is_killed_ends_the_training_in_a_sentence(few, tmp_path):
    def kill(epoch: int, *_: object) -> None:
        children()[0].kill()

    with pytest.raises(RankDied, match=r"^rank 1 of 3 was killed by SIGKILL$"), kept_in(tmp_path / "a") as checkpoints:
        trained(few, replace(TWO, devices=3), progress=kill, checkpoints=checkpoints)
    assert not children()
    assert list((tmp_path / "a").glob("training-1*"))  # the next run goes on from here


@pytest.mark.slow
def test_ranks_end_with_rank_0(tmp_path):
    code = (
        "import sys, torch, numpy as np; from dataclasses import replace\n"
        "from tests.training.test_ranks import *\n"
        "images = np.zeros((200, 1, 8, 8), np.uint8)\n"
        "print('ready', flush=True)\n"
        "trained(Split(images, np.zeros(200, int)), replace(TWO, epochs=100_000))"
    )
    rank_0 = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, cwd=Path(__file__).parents[2],
                              env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])})  # fmt: skip
    ranks: list[psutil.Process] = []
    deadline = time.monotonic() + 60
    while not ranks and time.monotonic() < deadline:
        ranks = psutil.Process(rank_0.pid).children()
        time.sleep(0.05)
    time.sleep(5)
    rank_0.send_signal(signal.SIGKILL)
    rank_0.communicate()
    _, alive = psutil.wait_procs(ranks, timeout=30)
    assert ranks
    assert not alive
