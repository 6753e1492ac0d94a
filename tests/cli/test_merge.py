"""Shards of one profile become one folder, and nothing that was measured is lost on the way."""

import json
import os
import shutil

import pytest

from bench import folders
from bench.cli import main
from bench.runner import merge as merging
from bench.runner import plan_file, terms
from bench.runner.store import Store, to_json


@pytest.fixture
def whole(finished):
    return finished.folder / "runs" / "micro"


@pytest.fixture
def shards(whole, tmp_path):
    """The finished run in two parts that share the trainings; each a folder of runs."""
    cells = plan_file.read(whole).cells
    made = []
    for part in (0, 1):
        folder = tmp_path / f"shard-{part}" / "micro"
        shutil.copytree(whole, folder)
        for cell in cells:
            if cell.kind != "train" and cell.seed != part:
                shutil.rmtree(folder / cell.key)
        made.append(folder.parent)
    return made


def merged(*folders, into, options=()):
    return main(["merge", *map(str, folders), "--into", str(into), *options])


def contents(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def reseal(folder, name, content):
    """Write other results as if they had been measured."""
    (folder / name).write_bytes(content)
    checksums = json.loads((folder / "checksums.json").read_bytes())
    checksums[name] = folders.checksum(content)
    (folder / "checksums.json").write_bytes(to_json(checksums))


def compressed(whole, seed=0):
    return next(cell for cell in plan_file.read(whole).cells if cell.kind == "compress" and cell.seed == seed)


@pytest.mark.sampled
@pytest.mark.parametrize("options", [[], ["--link"]])
def test_two_halves_are_the_whole_byte_for_byte(shards, whole, tmp_path, capsys, options):
    assert merged(*shards, into=tmp_path / "into", options=options) == 0
    assert contents(tmp_path / "into" / "micro") == contents(whole)
    assert "20 done in" in capsys.readouterr().out
    first = next((shards[0] / "micro").glob("*/checksums.json"))
    linked = (tmp_path / "into" / "micro" / first.parent.name / first.name).samefile(first)
    assert linked == bool(options)


def test_a_merge_is_repeated_and_resumed_without_a_change(shards, whole, tmp_path, monkeypatch):
    into = tmp_path / "into"
    place = merging._place
    placed = []

    def interrupted(*arguments):
        if len(placed) == 5:
            raise KeyboardInterrupt
        placed.append(arguments)
        place(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(merging, "_place", interrupted)
        assert merged(*shards, into=into) == 130
    assert len(list(Store(into / "micro").keys())) == 5
    assert merged(*shards, into=into) == 0
    before = contents(into)
    assert merged(*reversed(shards), into=into) == 0
    assert contents(into) == before == {f"micro/{name}": content for name, content in contents(whole).items()}


def test_the_shards_are_only_read(shards, tmp_path):
    before = [contents(shard) for shard in shards]
    for path in [path for shard in shards for path in (shard, *shard.rglob("*"))]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    assert merged(*shards, into=tmp_path / "into") == 0
    assert [contents(shard) for shard in shards] == before
    new = next(path for path in (tmp_path / "into" / "micro").iterdir() if path.is_dir())
    assert os.access(new, os.W_OK)


def test_what_is_damaged_in_one_shard_is_taken_from_the_other(shards, whole, tmp_path, capsys):
    train = next(cell for cell in plan_file.read(whole).cells if cell.kind == "train")
    (shards[0] / "micro" / train.key / "network.safetensors").write_bytes(b"spoilt")
    assert merged(*shards, into=tmp_path / "into") == 0
    assert contents(tmp_path / "into" / "micro") == contents(whole)
    assert f"{train.name} is left out, since it is damaged" in capsys.readouterr().err


def test_what_is_damaged_everywhere_is_named_and_left(shards, whole, tmp_path, capsys):
    cell = compressed(whole)
    (shards[0] / "micro" / cell.key / "layers.json").unlink()
    assert merged(*shards, into=tmp_path / "into") == 3
    told = capsys.readouterr()
    assert f"{cell.name} is left out, since it is damaged" in told.err
    assert "19 done, 1 missing" in told.out
    assert not (tmp_path / "into" / "micro" / cell.key).exists()


def test_a_damaged_cell_that_is_there_is_replaced(shards, whole, tmp_path):
    into = tmp_path / "into"
    assert merged(shards[0], into=into) == 0
    (into / "micro" / compressed(whole).key / "layers.json").write_bytes(b"[]")
    assert merged(*shards, into=into) == 0
    assert contents(into / "micro") == contents(whole)


def test_other_results_of_one_cell_are_named_and_neither_is_lost(shards, whole, tmp_path, capsys):
    cell = compressed(whole)
    other = shards[1] / "micro" / cell.key
    shutil.copytree(whole / cell.key, other)
    metrics = {**json.loads((other / "metrics.json").read_bytes()), "payload_bytes": 1}
    reseal(other, "metrics.json", to_json(metrics))
    before = contents(shards[1])
    assert merged(*shards, into=tmp_path / "into") == 3
    told = capsys.readouterr().err
    assert f"{cell.name} is left out" in told and "hold other results" in told and str(other) in told
    assert contents(tmp_path / "into" / "micro") == contents(whole)
    assert contents(shards[1]) == before


def test_a_result_takes_the_place_of_a_failure_and_never_the_other_way(shards, whole, tmp_path):
    cell = compressed(whole)
    failed = shards[1] / "micro" / cell.key
    spec = (whole / cell.key / "spec.json").read_bytes()
    shutil.copytree(whole / cell.key, failed)
    for path in failed.iterdir():
        if path.name not in ("spec.json", "provenance.json", "log.txt"):
            path.unlink()
    error = to_json({"kind": "failed", "reason": "the node had no memory"})
    (failed / "error.json").write_bytes(error)
    checksums = {"error.json": folders.checksum(error), "spec.json": folders.checksum(spec)}
    (failed / "checksums.json").write_bytes(to_json(checksums))
    for order in (shards, shards[::-1]):
        into = tmp_path / f"into-{order[0].name}"
        assert merged(*order, into=into) == 0
        assert contents(into / "micro") == contents(whole)


def test_measurements_beside_a_cell_come_along(shards, whole, tmp_path):
    cell = compressed(whole)
    Store(shards[0] / "micro").write_measurements(cell.key, {"torch": {"milliseconds": 1.0}})
    assert merged(*shards, into=tmp_path / "into") == 0
    assert Store(tmp_path / "into" / "micro").measurements(cell.key) == {"torch": {"milliseconds": 1.0}}


def change(folder, **fields):
    plan = json.loads((folder / "micro" / "plan.json").read_bytes())
    (folder / "micro" / "plan.json").write_bytes(to_json({**plan, **fields}))


def test_plans_that_differ_are_refused_before_anything_is_written(shards, tmp_path, capsys):
    plan = json.loads((shards[1] / "micro" / "plan.json").read_bytes())
    plan["cells"][3]["key"] = "0" * 20
    change(shards[1], cells=plan["cells"])
    assert merged(*shards, into=tmp_path / "into") == 2
    assert f"two plans, which differ in {plan['cells'][3]['name']}" in capsys.readouterr().err
    assert not (tmp_path / "into").exists()


def test_other_margins_are_refused(shards, tmp_path, capsys):
    change(shards[1], margins={"accuracy": 2, "inside": 0.1, "attribution": 0.25})
    assert merged(*shards, into=tmp_path / "into") == 2
    assert "differ in 'margins'" in capsys.readouterr().err


def test_who_ran_a_shard_and_how_may_differ(shards, whole, tmp_path):
    change(shards[1], command="another command", version="0.0")
    assert merged(*shards, into=tmp_path / "into") == 0


def test_margins_that_changed_in_a_shard_stay_told(shards, tmp_path):
    store = Store(shards[1] / "micro")
    kept = terms.read(store.folder).records[-1].terms
    terms.keep(store, kept.model_copy(update={"alpha": 0.01}), 20)
    terms.keep(store, kept, 20)
    for _ in range(2):
        assert merged(*shards, into=tmp_path / "into") == 0
        history = terms.read(tmp_path / "into" / "micro")
        assert [record.terms.alpha for record in history.records] == [0.05, 0.01, 0.05]
        assert not history.problems and len(history.sentences()) == 2


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda folder: folder / "nowhere", "there is no folder"),
        (lambda folder: folder, "is no folder of runs"),
        (lambda folder: folder / "shard-0" / "micro", "is the folder of one profile"),
        (lambda folder: folder / "into", "cannot be merged into itself"),
    ],
)
def test_foreign_folders_are_refused(shards, tmp_path, capsys, make, words):
    assert merged(make(tmp_path), into=tmp_path / "into") == 2
    assert words in capsys.readouterr().err
    assert not (tmp_path / "into").exists()


def test_a_plan_that_is_none_is_refused(shards, tmp_path, capsys):
    (shards[1] / "micro" / "plan.json").write_text("{}")
    assert merged(*shards, into=tmp_path / "into") == 2
    assert "is not a plan" in capsys.readouterr().err
    assert not (tmp_path / "into").exists()
