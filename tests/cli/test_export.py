import json
import shutil

import pytest
import safetensors.torch
import torch

from bench import api
from bench.cli import main
from bench.deploy import find
from bench.errors import InputError
from bench.runner import plan_file
from bench.runner.store import Store
from bench.zoo.networks import build


@pytest.fixture
def there(finished, tmp_path, monkeypatch):
    """A folder with the finished runs, to be changed at will."""
    shutil.copytree(finished.folder, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def key_of(there, name):
    return next(cell.key for cell in plan_file.read(there / "runs/micro").cells if cell.name == name)


def test_a_cell_comes_back_as_weights_with_its_normalisation(there, capsys):
    asked = ["export", "resnet8/1/magnitude:sparsity=0.9", "--profile", "micro.toml", "--to", "state-dict"]
    assert main(asked) == 0
    told = capsys.readouterr().out
    file = there / "resnet8-1-magnitude-sparsity=0.9.safetensors"
    assert str(file.name) in told and "(pixels / 255 - mean) / std" in told
    network = build.build("resnet8", 1, 10, 8, 5)
    network.load_state_dict(safetensors.torch.load(file.read_bytes()))
    folder = there / "runs/micro" / key_of(there, "compress/resnet8/1/magnitude:sparsity=0.9")
    loaded = api.load(folder / "network.innards")
    images = torch.randn(5, 1, 8, 8)
    with torch.no_grad():
        assert torch.allclose(network.eval()(images), loaded(images), atol=1e-5)
    assert len(loaded.preprocessing.mean) == 1 and loaded.preprocessing.complete
    assert api.load(folder).preprocessing == loaded.preprocessing


def test_a_folder_takes_the_file(there, capsys):
    (there / "out").mkdir()
    asked = ["export", "resnet8/0/original", "--profile", "micro.toml", "--to", "torch-export", "--output", "out"]
    assert main(asked) == 0
    assert [file.name for file in (there / "out").iterdir()] == ["resnet8-0-original.pt2"]


def test_what_it_answers_is_what_the_cell_measured(there):
    import numpy as np

    from bench.data import load

    folder = there / "runs/micro" / key_of(there, "compress/resnet8/0/original")
    network = api.load(folder)
    images = load("digits", validation=0.1, probe=16, probe_seed=0, split_seed=0, cache=there / "runs/.data")
    mean, std = network.preprocessing.mean[0], network.preprocessing.std[0]
    with torch.no_grad():
        logits = network((torch.from_numpy(np.array(images.test.images)) / 255 - mean) / std)
    with np.load(folder / "predictions.npz") as arrays:
        assert np.allclose(logits.numpy(), arrays["test_logits"], atol=1e-4)


@pytest.mark.parametrize(
    ("subject", "words"),
    [
        ("resnet8/7/original", "has no cell 'resnet8/7/original': did you mean"),
        ("resnet8/*/original", "names 2 cells: compress/resnet8/0/original, compress/resnet8/1/original; name one"),
        ("original", "names 2 cells"),
        ("train/resnet8/0", "holds no packed file"),
        ("nothing.innards", "cannot be read: No such file"),
        ("micro.toml", "not a packed network"),
        ("runs", "folder 'runs' holds no packed network"),
        ("a" * 300, "has no cell"),
        ("a" * 300 + ".innards", "cannot be read: File name too long"),
    ],
)
def test_a_subject_that_is_none_is_one_sentence(subject, words, there, capsys):
    assert main(["export", subject, "--profile", "micro.toml", "--to", "state-dict"]) == 2
    told = capsys.readouterr().err
    assert words in told and len(told.splitlines()) == 1
    assert not list(there.glob("*.safetensors"))


def test_cells_without_a_result_are_refused(there, capsys):
    name = "compress/resnet8/0/magnitude:sparsity=0.9"
    folder = there / "runs/micro" / key_of(there, name)
    asked = ["export", name, "--profile", "micro.toml", "--to", "state-dict", "--output", "out.safetensors"]
    packed = folder / "network.innards"
    packed.write_bytes(packed.read_bytes()[:-1])
    assert main(asked) == 2
    assert f"{name} is damaged" in capsys.readouterr().err
    store, plan = Store(there / "runs/micro"), plan_file.read(there / "runs/micro")
    cell = next(cell for cell in plan.cells if cell.name == name)
    shutil.rmtree(folder)
    assert main(asked) == 2
    assert f"{name} has not been run" in capsys.readouterr().err
    spec = {name: value for name, value in json.loads(plan.model_dump_json())["cells"][0].items() if name != "name"}

    class Failed:
        key = cell.key

        def as_dict(self):
            return spec

    for kind, words in (("failed", "failed: out of luck"), ("refused", "was refused: out of luck")):
        store.write(Failed(), {"error.json": json.dumps({"kind": kind, "reason": "out of luck"}).encode()}, {}, "")
        assert main(asked) == 2
        assert f"{name} {words}" in capsys.readouterr().err
        store.discard(cell.key)
    assert not (there / "out.safetensors").exists()


def test_a_file_elsewhere_has_no_normalisation_unless_it_is_given(there, capsys):
    folder = there / "runs/micro" / key_of(there, "compress/resnet8/0/original")
    shutil.copy(folder / "network.innards", there / "mine.innards")
    assert main(["export", "mine.innards", "--to", "torch-export"]) == 0
    assert "their normalisation is not recorded here" in capsys.readouterr().out
    asked = ["export", "mine.innards", "--to", "torch-export", "--mean", "0.3", "--std"]
    assert main([*asked, "0.4", "--normalise", "--output", "pixels"]) == 0
    assert "pixels from 0 to 1" in capsys.readouterr().out
    assert (there / "mine.pt2").is_file() and (there / "pixels.pt2").is_file()
    assert main([*asked, "0"]) == 2
    assert "std is positive" in capsys.readouterr().err
    assert main([*asked, "1", "2"]) == 2
    assert "std needs one number per channel, 1 in all" in capsys.readouterr().err


def test_a_file_runs_no_code_that_it_names(there, capsys):
    from bench.footprint.compressed import Compressed
    from bench.footprint.packed import pack

    (there / "mine.py").write_text("print('ran')\nfrom torch import nn\n"
        "def net(channels, classes, size): return nn.Sequential(nn.Flatten(), nn.Linear(64, classes))\n")  # fmt: skip
    network = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(64, 3)).eval()
    about = {"name": "mine:net", "channels": 1, "classes": 3, "size": 8}
    (there / "own.innards").write_bytes(pack(Compressed(network), about))
    asked = ["export", "own.innards", "--to", "state-dict"]
    assert main(asked) == 2
    captured = capsys.readouterr()
    assert "no code is run because a file names it" in captured.err and "ran" not in captured.out
    with pytest.raises(InputError, match="give the network itself"):
        api.load("own.innards")
    images = torch.randn(2, 1, 8, 8)
    other = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(64, 3))
    assert torch.equal(api.load("own.innards", other)(images), network(images))
    assert main([*asked, "--model", "mine:net"]) == 0
    assert (there / "own.safetensors").is_file()


@pytest.mark.parametrize(
    "about", [{}, {"name": "resnet8"}, {"name": "resnet8", "channels": 1, "classes": 10**12, "size": 8}, {"name": 3}]
)
def test_a_file_that_does_not_say_what_it_is_is_refused(about, tmp_path):
    from bench.footprint.compressed import Compressed
    from bench.footprint.packed import pack

    (tmp_path / "net.innards").write_bytes(pack(Compressed(build.build("resnet8", 1, 10, 8, 0)), about))
    with pytest.raises(InputError, match="does not say what it was made from"):
        api.load(tmp_path / "net.innards")


def test_a_key_names_a_cell(there):
    plan = plan_file.read(there / "runs/micro")
    cell = next(cell for cell in plan.cells if cell.kind == "compress")
    assert find.cell_named(cell.key, plan) == cell
