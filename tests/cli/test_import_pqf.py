import json
import os
import tarfile
from pathlib import Path

import pytest
import torch

from bench.cli import main
from bench.compress.imports import published_pqf
from bench.errors import InputError
from bench.footprint.packed import unpack
from bench.zoo.networks import build


def published(network, layers):
    """A file as the authors write them: codes and codebooks of some layers, normalisation without statistics."""
    generator = torch.Generator().manual_seed(0)
    state = {name: tensor for name, tensor in network.state_dict().items() if "running" not in name}
    state = {name: tensor for name, tensor in state.items() if not name.endswith("num_batches_tracked")}
    for layer in layers:
        weight = state.pop(f"{layer}.weight")
        state[f"{layer}.codes_matrix"] = torch.randint(
            16, (weight.shape[0], weight[0].numel() // 4), generator=generator, dtype=torch.uint8
        )
        state[f"{layer}.codebook"] = torch.randn(16, 4, generator=generator).half()
    return state


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "net.pth"
    torch.save(published(build.build("resnet8", 3, 10, 224, 0), ["fc", "layer2.0.conv2"]), path)
    return path


def test_weights_are_the_words_that_codes_name(file, tmp_path, capsys):
    out = tmp_path / "net.innards"
    assert main(["import-pqf", str(file), "--model", "resnet8", "--classes", "10", "--out", str(out), "--json"]) == 0
    network = unpack(out.read_bytes(), build.build("resnet8", 3, 10, 224, 1))
    state = torch.load(file, weights_only=True)
    expected = state["fc.codebook"].float()[state["fc.codes_matrix"].long()].reshape(10, -1)
    assert torch.equal(network.fc.weight, expected)
    assert torch.equal(network.conv1.weight, state["conv1.weight"])
    told = json.loads(capsys.readouterr().out)
    assert told["file_bytes"] == len(out.read_bytes())


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda state: state.pop("fc.codebook"), "fc.codebook"),
        (lambda state: state.update({"fc.codes_matrix": state["fc.codes_matrix"][:, 1:]}), "fc: codes are"),
        (lambda state: state.update({"fc.codebook": state["fc.codebook"][:8]}), "fc: codes from"),
        (lambda state: state.pop("conv1.weight"), "missing .conv1.weight"),
        (lambda state: state.update({f"a{key}": state[key] for key in (*state,) if "fc.c" in key}), "afc.weight"),
        (lambda state: state["fc.codebook"].fill_(torch.nan), "fc: its codebook holds NaN"),
        (lambda state: state["conv1.weight"].fill_(torch.nan), "conv1.weight holds NaN"),
        (lambda state: state.update({"fc.codes_matrix": state["fc.codes_matrix"] + 0.5}), "fc: its codes are not"),
        (lambda state: [state.pop(name) for name in list(state) if "codes" in name], "holds no codes"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_told(file, spoil, words):
    state = torch.load(file, weights_only=True)
    spoil(state)
    torch.save(state, file)
    with pytest.raises(InputError, match=words):
        published_pqf.read(file, build.build("resnet8", 3, 10, 32, 0))


WRITTEN = {
    "prefix": lambda state: {f"module.model.{name}": tensor for name, tensor in state.items()},
    "nested": lambda state: {"epoch": 1, "state_dict": state},
    "bfloat16": lambda state: {
        name: tensor.bfloat16() if name.endswith("codebook") else tensor for name, tensor in state.items()
    },
    "codes as floats": lambda state: {
        name: tensor.float() if name.endswith("codes_matrix") else tensor for name, tensor in state.items()
    },
}


@pytest.mark.parametrize("how", WRITTEN)
def test_files_written_in_other_ways(how, file):
    state = torch.load(file, weights_only=True)
    torch.save(WRITTEN[how](state), file)
    network = published_pqf.read(file, build.build("resnet8", 3, 10, 32, 0)).network
    words = state["fc.codebook"].bfloat16() if how == "bfloat16" else state["fc.codebook"]
    assert torch.equal(network.fc.weight, words.float()[state["fc.codes_matrix"].long()].reshape(10, -1))


def test_no_file_and_no_checkpoint(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        published_pqf.read(tmp_path / "nothing.pth", torch.nn.Linear(1, 1))
    (tmp_path / "text.pth").write_text("hello")
    with pytest.raises(InputError, match="truncated, or no"):
        published_pqf.read(tmp_path / "text.pth", torch.nn.Linear(1, 1))


def test_images_that_are_not_there(file, tmp_path, capsys):
    asked = ["import-pqf", str(file), "--model", "resnet8", "--classes", "10", "--images", str(tmp_path)]
    assert main(asked) == 2
    assert "holds 0 folders, expected one for each of the 10 classes" in capsys.readouterr().err


def test_a_place_that_cannot_be_written(file, tmp_path, capsys):
    asked = ["import-pqf", str(file), "--model", "resnet8", "--classes", "10", "--out", str(tmp_path / "no" / "file")]
    assert main(asked) == 2
    assert "cannot be written (No such file or directory)" in capsys.readouterr().err


@pytest.mark.slow
def test_the_published_resnet18_takes_and_gets_what_it_should(tmp_path, capsys):
    if not os.environ.get("BENCH_DATA"):
        pytest.skip("BENCH_DATA names no folder of published files")
    data = Path(os.environ["BENCH_DATA"])
    with tarfile.open(data / "imagenet-sample.tar.gz") as archive:
        archive.extractall(tmp_path, filter="data")
    images = tmp_path / "imagenet-sample" / "val"
    checkpoint = data / "pqf" / "resnet18.pth"
    asked = ["import-pqf", str(checkpoint), "--model", "torchvision:resnet18", "--images", str(images), "--json"]
    assert main(asked) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["payload_bytes"] == 1_615_904
    assert found["images"] == 1000
    assert found["top1"] == pytest.approx(0.770, abs=0.005)
    assert found["top5"] == pytest.approx(0.930, abs=0.005)
