"""A task of the user's own that is no classification, from the profile to the page: nothing speaks of classes."""

import html
import json
import re
import sys

import pytest

from bench.cli import main
from bench.errors import InputError
from bench.profile import load
from bench.runner.plan_file import read

TASK = '''
import numpy as np
import torch

from bench.task import Change, Primary, Task


class Brightness(Task):
    """Telling how bright an image is."""

    primary = Primary("closeness", "Closeness", "closeness", "", "lux", 1.0, 3, 1.0)
    changes = (Change("shift", "shift", "Shift", "Mean change of the guess.", "lux", signed=True),)

    def targets(self, split, device):
        return torch.from_numpy(brightness(split)).to(device)

    def loss(self, outputs, targets, *, label_smoothing=0.0):
        return (outputs[:, 0].sigmoid() - targets).square().mean()

    def imitation_loss(self, outputs, lesson, *, temperature):
        return (outputs[:, 0].sigmoid() - lesson[:, 0].sigmoid()).square().mean()

    def collect(self, outputs):
        return {"guess": np.concatenate([batch[:, 0].sigmoid().float().cpu().numpy() for batch in outputs])}

    def truth(self, split):
        return {"brightness": brightness(split)}

    def score(self, predictions, split):
        return {"closeness": 1 - float(np.abs(predictions["guess"] - brightness(split)).mean())}

    def compare(self, predictions, split):
        guesses = {role: arrays["guess"] for role, arrays in predictions.items()}
        return {"shift": float((guesses["compressed"] - guesses["original"]).mean())}

    def difference(self, predictions, expected):
        return float(np.abs(predictions["guess"] - expected["guess"]).max())


def brightness(split):
    return (split.images.mean((1, 2, 3)) / 255).astype(np.float32)
'''
PROFILE = """
exploratory = true
seeds = [0, 1]
task = "lux_package.tasks:Brightness"
models = [{name = "resnet8"}]
methods = [
    {name = "finetune", distill = true},
    {name = "pca", rank = 0.5, hessian = true, images = 64},
    {chain = ["magnitude-finetune:sparsity=0.9", "float16"]},
]
diagnostics = [{name = "activation-statistics", variants = ["pca:*"]}]
data = {probe = 16}
training = {epochs = 1}
finetuning = {epochs = 0.25, learning_rate = 0.02}
"""
OF_CLASSES = r"[Aa]ccura|[Tt]op-1|points|churn|confiden|ECE|recall|logit|by chance"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lux_package").mkdir()
    (tmp_path / "lux_package" / "__init__.py").write_text("")
    (tmp_path / "lux_package" / "tasks.py").write_text(TASK)
    (tmp_path / "lux.toml").write_text(PROFILE)
    yield tmp_path
    for name in [name for name in sys.modules if name.partition(".")[0] == "lux_package"]:
        del sys.modules[name]


def test_a_task_of_ones_own_is_run_searched_and_reported_in_its_own_words(folder, capsys):
    assert main(["run", "--profile", "lux.toml", "--jobs", "1"]) == 0
    assert main(["status", "--profile", "lux.toml"]) == 0
    assert main(["list", "lux_package.tasks:Brightness"]) == 0
    assert "Telling how bright an image is." in capsys.readouterr().out
    search = ["--budget", "200kB", "--floor", "0.1", "--trials", "1", "--among", "float16", "--no-confirm", "--json"]
    assert main(["search", "--profile", "lux.toml", "--jobs", "1", *search]) == 0
    (searched,) = json.loads(capsys.readouterr().out)
    assert 0 < searched["original"]["accuracy"] < 1
    assert main(["report", "--profile", "lux", "--out", "report"]) == 0
    page = "".join(path.read_text(encoding="utf-8") for path in (folder / "report").glob("*.html"))
    words = html.unescape(re.sub(r"<[^>]+>", " ", re.sub(r"<(script|style).*?</\1>", "", page, flags=re.DOTALL)))
    spoken = re.sub(r"From original\s+points", "", words)  # of a share of channels
    assert "Closeness against size" in words
    assert "±0.005 lux of closeness" in words
    assert re.findall(f".{{40}}(?:{OF_CLASSES}).{{20}}", spoken) == []
    shifts = (folder / "report" / "data" / "predictions.csv").read_text(encoding="utf-8").splitlines()
    assert "shift" in shifts[0]
    assert not (folder / "report" / "data" / "classes.csv").exists()
    assert not (folder / "report" / "data" / "published.csv").exists()


def test_a_plan_keeps_what_the_report_must_know_of_the_task(folder):
    assert main(["run", "--profile", "lux.toml", "--only", "train/*", "--jobs", "1"]) == 0
    task = read(folder / "runs" / "lux").task
    assert (task.name, task.primary.title, task.classifies) == ("lux_package.tasks:Brightness", "Closeness", False)
    assert [change.key for change in task.changes] == ["shift"]


def test_what_looks_at_classes_is_refused_before_anything_runs(folder):
    (folder / "lux.toml").write_text(PROFILE.replace("diagnostics = [", 'diagnostics = [{name = "corruptions"}, '))
    with pytest.raises(InputError, match="diagnostic 'corruptions' looks at answers to classes"):
        load("lux.toml")


def test_a_floor_beyond_the_highest_level_is_refused_in_the_tasks_words(folder, capsys):
    assert main(["search", "--profile", "lux.toml", "--floor", "90"]) == 2
    assert "--floor is a closeness, from 0 to 1, given 90" in capsys.readouterr().err
