import json

import pytest

from bench.cli import main
from bench.compress.variant import parse
from bench.compress.without_data import Subject


def printed(capsys, *arguments):
    assert main([*arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_the_footprint_of_a_network_in_half_precision(capsys):
    found = printed(capsys, "footprint", "--model", "resnet20", "--method", "float16")
    assert found["payload_bytes"] == 2 * found["parameters"]
    assert found["peak_activation_elements"] == 49_152
    assert "layers" not in found


def test_layers_add_up_to_the_payload(capsys):
    arguments = ("--model", "resnet8", "--method", "magnitude:sparsity=0.9+nncf-int8-ptq")
    found = printed(capsys, "footprint", *arguments, "--channels", "1", "--size", "8", "--layers")
    assert sum(layer["payload_bytes"] for layer in found["layers"]) == found["payload_bytes"]
    assert found["activation_bits"] == 8


def test_micronet_score_of_a_published_size(capsys):
    found = printed(capsys, "micronet", "--model", "resnet20", "--classes", "100", "--method", "original")
    assert found["score"] == pytest.approx(0.009582, abs=5e-7)


def test_a_checkpoint_gives_the_weights(tmp_path, capsys):
    import safetensors.torch

    from bench.zoo.networks.build import build

    network = build("resnet8", 1, 10, 8, 1)
    network.fc.weight.data.zero_()
    path = tmp_path / "weights.safetensors"
    safetensors.torch.save_file(network.state_dict(), path)
    arguments = ("--model", "resnet8", "--channels", "1", "--size", "8", "--method", "original")
    dense = printed(capsys, "footprint", *arguments)
    assert printed(capsys, "footprint", *arguments, "--checkpoint", str(path))["nonzero_weights"] == (
        dense["nonzero_weights"] - network.fc.weight.numel()
    )


@pytest.mark.parametrize(
    ("model", "classes"),
    [("resnet20", 10), ("torchvision:resnet18", 1000), ("torchvision:maskrcnn_resnet50_fpn", 91)],
)
def test_a_model_is_built_for_what_it_is_usually_trained_on(model, classes):
    assert Subject(model, parse("original")).outputs == classes


ATTENTION = """
from torch import nn

class Attention(nn.Module):
    def __init__(self, channels, classes):
        super().__init__()
        self.patches = nn.Conv2d(channels, 16, 4, 4)
        self.attention = nn.MultiheadAttention(16, 2, batch_first=True)
        self.head = nn.Linear(16, classes)

    def forward(self, x):
        x = self.patches(x).flatten(2).transpose(1, 2)
        return self.head((x + self.attention(x, x, x, need_weights=False)[0]).mean(1))

def network(channels, classes):
    return Attention(channels, classes)
"""


@pytest.mark.parametrize("method", ["svd", "magnitude:sparsity=0.9", "k-bit", "int8-per-channel"])
def test_weights_that_stay_as_they_were_are_named(method, tmp_path, monkeypatch, capsys):
    (tmp_path / "attending.py").write_text(ATTENTION)
    monkeypatch.chdir(tmp_path)
    arguments = ("--model", "attending:network", "--size", "16", "--classes", "10")
    left = printed(capsys, "footprint", *arguments, "--method", method)["left_as_they_were"]
    projections, behind, patches, head = 768, 256, 16 * 48, 160
    if method == "svd":  # what attention reads without calling its layer stays; the others become factors
        assert [entry.partition(" ")[0] for entry in left] == ["attention.in_proj_weight", "attention.out_proj.weight"]
    else:
        share = projections / (projections + behind + patches + head)
        assert f"attention.in_proj_weight ({share:.1%} of the stored weights)" in left
    assert printed(capsys, "footprint", *arguments, "--method", "float16")["left_as_they_were"] == []
    assert printed(capsys, "footprint", *arguments, "--method", "original")["left_as_they_were"] == []


@pytest.mark.parametrize("option", ["--size", "--channels", "--classes"])
def test_numbers_beyond_any_size_are_refused(option, capsys):
    subject = ["footprint", "--model", "resnet8", "--method", "float16"]
    with pytest.raises(SystemExit) as ended:
        main([*subject, option, "9" * 30])
    assert ended.value.code == 2 and "expected a whole number of at least 1, given" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["report", "status"])
def test_a_folder_that_no_folder_can_be_called(command, capsys):
    with pytest.raises(SystemExit) as ended:
        main([command, "--runs", "a" * 5000])
    assert ended.value.code == 2 and "cannot be a folder: File name too long" in capsys.readouterr().err
