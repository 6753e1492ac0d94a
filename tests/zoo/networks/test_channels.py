import numpy as np
import pytest
import torch
import torchvision
from torch import nn

from bench import api
from bench.diagnose.networks import deepest_map
from bench.errors import InputError
from bench.zoo.networks.activations import block_outputs_of
from bench.zoo.networks.blocks import block_outputs
from bench.zoo.networks.channels import channel_axis, channels_first

IMAGES = torch.randn(3, 3, 32, 32, generator=torch.Generator().manual_seed(0))


def vit():
    torch.manual_seed(0)
    settings = {"patch_size": 8, "num_layers": 2, "num_heads": 2, "hidden_dim": 12, "mlp_dim": 20, "num_classes": 5}
    return torchvision.models.VisionTransformer(image_size=32, **settings).eval()


def swin():
    torch.manual_seed(0)
    settings = {"depths": [1, 1], "num_heads": [1, 2], "window_size": [4, 4], "num_classes": 5}
    return torchvision.models.SwinTransformer([4, 4], 12, **settings).eval()


def convnext():
    torch.manual_seed(0)
    stage = torchvision.models.convnext.CNBlockConfig
    return torchvision.models.ConvNeXt([stage(8, 12, 1), stage(12, None, 1)], num_classes=5).eval()


def put_out(network, layer):
    """What a module puts out, by a hook of the test's own."""
    seen = []
    handle = network.get_submodule(layer).register_forward_hook(lambda _, __, output: seen.append(output))
    with torch.no_grad():
        network(IMAGES)
    handle.remove()
    return seen[0]


@pytest.mark.parametrize(
    ("make", "layer", "positions", "width"),
    [
        (vit, "encoder.layers.encoder_layer_1", (1,), 12),
        (vit, "encoder.layers.encoder_layer_0.mlp.1", (1,), 20),  # GELU, between linear layers
        (vit, "conv_proj", (2, 3), 12),
        (swin, "features.1.0", (1, 2), 12),
        (swin, "features.2", (1, 2), 24),
        (swin, "features.0.0", (2, 3), 12),
        (convnext, "features.1.0", (2, 3), 8),
        (convnext, "features.2.0", (2, 3), 8),
        (lambda: torchvision.models.resnet18().eval(), "layer1.0.relu#2", (2, 3), 64),
    ],
)
def test_pooling_averages_over_positions_and_tokens_alone(make, layer, positions, width):
    network = make()
    (taken,) = block_outputs_of(network, [layer], [IMAGES], ["pooled", "flattened"])
    output = put_out(network, layer.partition("#")[0]) if "#" not in layer else None
    assert taken.features["pooled"].shape == (3, width)
    if output is not None:
        np.testing.assert_allclose(taken.features["pooled"], output.mean(positions).numpy(), atol=1e-6)
        assert np.array_equal(taken.features["flattened"], output.flatten(1).numpy())


def test_every_block_of_a_vision_transformer_has_its_width():
    network = vit()
    blocks = block_outputs(network, IMAGES)
    for taken in block_outputs_of(network, blocks, [IMAGES], ["pooled"]):
        assert taken.features["pooled"].shape[1] in (5, 12, 20)


def test_sequences_of_convolutions_have_their_channels_first():
    network = nn.Sequential(nn.Conv1d(3, 5, 1), nn.ReLU(), nn.BatchNorm1d(5))
    assert [channel_axis(network, name, (2, 5, 12)) for name in "012"] == [1, 1, 1]


def test_gradients_pass_through_the_view():
    output = torch.randn(2, 4, 6, requires_grad=True)
    channels_first(nn.Sequential(nn.Linear(6, 6)), "0", output).sum().backward()
    assert output.grad is not None


def test_grad_cam_needs_a_map():
    network = swin()
    layer = deepest_map(network, block_outputs(network, IMAGES), IMAGES)
    assert api.attributions(network, IMAGES, method="grad-cam").shape[1:] == put_out(network, layer).shape[1:3]
    with pytest.raises(InputError, match="which are no map"):
        api.attributions(vit(), IMAGES, method="grad-cam", layer="encoder.layers.encoder_layer_1")
    with pytest.raises(InputError, match="no block has maps"):
        api.attributions(vit(), IMAGES, method="grad-cam")


def test_a_channel_of_a_map_with_channels_last_is_driven():
    pixels = np.random.default_rng(0).integers(0, 255, (8, 3, 32, 32), dtype=np.uint8)
    drawn = api.maximize_activation(swin(), "features.1.0", [11], pixels, mean=[0.5] * 3, std=[0.2] * 3, steps=2)
    assert drawn.shape == (1, 3, 32, 32)
