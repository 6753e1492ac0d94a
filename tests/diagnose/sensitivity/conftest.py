import numpy as np
import pytest
import torch

from bench.compress.normalization.running_statistics import take_again
from bench.data.image_set import Split
from bench.diagnose.sensitivity.judge import Judge
from bench.footprint.compressed import Compressed
from bench.task.classification import CLASSIFICATION


@pytest.fixture
def original(make_network, images):
    """Two residual blocks whose streams several layers write, with statistics of a part of the training images."""
    network = make_network()
    take_again(network, images[0][:1])
    return Compressed(network, example=images[0][0][:1])


@pytest.fixture(scope="session")
def images():
    """Batches of normalised training images, then of others with their labels."""
    generator = torch.Generator().manual_seed(3)
    shown = torch.randn(96, 3, 8, 8, generator=generator)
    labels = torch.randint(4, (96,), generator=generator)
    return shown[:48].split(24), list(zip(shown[48:].split(32), labels[48:].split(32), strict=True))


@pytest.fixture
def make_judge(images):
    def make(original, *, calibrated=True):
        calibration, batches = images
        labels = np.concatenate([labels.numpy() for _, labels in batches])
        split = Split(np.zeros((48, 3, 8, 8), np.uint8), labels)
        return Judge(original.network, batches, split, CLASSIFICATION, "second", calibration if calibrated else ())

    return make
