"""PyTorch's MNIST example: for 1 channel and 10 classes 1,199,882 parameters at 28×28, 1,625,866 at 32×32."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.training.recipe import Recipe
from bench.zoo import layers
from bench.zoo.networks.size import require_size

if TYPE_CHECKING:
    from torch import nn

VERSION = 1
RECIPE = Recipe(  # that of the example
    epochs=14,
    batch_size=64,  # images
    optimizer="adadelta",
    learning_rate=1.0,
    weight_decay=0,
    schedule="step",
    step_epochs=1,
    step_factor=0.7,
    warmup=0,
    label_smoothing=0,
    flip=False,  # a mirrored digit is no digit
    crop_padding=0,
)


def build(channels: int, classes: int, size: int) -> nn.Module:
    """Two 3×3 convolutions without padding, 32 and 64 wide, a max-pool, and linear layers with dropout.

    Source: pytorch/examples, mnist/main.py, with dropout of whole feature maps as pca-compress has it. The example's
    last operation, a log-softmax, belongs to the loss here: the outputs are logits.

    Raises:
        InputError: images smaller than 8×8 pixels.
    """
    require_size("mnist-cnn", size, 8)
    return layers.example.ExampleNetwork(channels, classes, size)
