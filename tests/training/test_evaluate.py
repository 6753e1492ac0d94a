"""Normalisation and logits."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from bench.training.evaluate import logits, normalise, normalised_batches


def test_normalise_by_hand():
    image = torch.tensor([0, 51, 255], dtype=torch.uint8).reshape(1, 1, 1, 3)
    torch.testing.assert_close(normalise(image, (0.2,), (0.5,)).flatten(), torch.tensor([-0.4, 0.0, 1.6]))


def test_each_channel_has_its_own_mean_and_std():
    image = torch.full((1, 2, 1, 1), 255, dtype=torch.uint8)
    assert normalise(image, (0.0, 0.5), (1.0, 0.25)).flatten().tolist() == [1.0, 2.0]


def test_numpys_numbers_give_float32_too():
    image = torch.zeros(1, 1, 1, 1, dtype=torch.uint8)
    assert normalise(image, (np.float64(0.5),), (np.float64(0.5),)).dtype == torch.float32


def test_batches_hold_all_images_in_order():
    images = np.arange(7, dtype=np.uint8).reshape(7, 1, 1, 1)
    batches = list(normalised_batches(images, (0.0,), (1 / 255,), "cpu", batch_size=3))
    assert [len(batch) for batch in batches] == [3, 3, 1]
    np.testing.assert_allclose(torch.cat(batches).flatten(), np.arange(7), rtol=1e-6)


def test_logits_are_those_of_eval_mode_whatever_the_batches():
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Dropout(0.9), nn.Flatten(), nn.Linear(64, 5))
    images = np.random.default_rng(0).integers(256, size=(9, 3, 6, 6), dtype=np.uint8)
    given = (images, (0.5,) * 3, (0.5,) * 3, "cpu")
    whole = logits(network.train(), *given)
    assert whole.shape == (9, 5)
    assert whole.dtype == np.float32
    np.testing.assert_allclose(logits(network, *given, batch_size=2), whole, atol=1e-5)
    assert network[1].running_mean.eq(0).all()


def test_read_only_images_give_no_warning(recwarn):
    images = np.zeros((2, 1, 4, 4), dtype=np.uint8)
    images.flags.writeable = False
    logits(nn.Flatten(), images, (0.5,), (0.5,), "cpu")
    assert not recwarn.list
