from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from bench.errors import InputError
from bench.profile import load, parse
from bench.runner import plan
from bench.runner.plan_file import (
    DataDescription,
    PlanFile,
    Search,
    SearchedNetwork,
    Trial,
    command,
    describe,
    read,
    write,
)
from bench.runner.store import Store, to_json

TRIAL = Trial("float16", 40, 95.5)
NETWORK = SearchedNetwork(model="resnet8", original=Trial("original", 80, 96.0), trials=(TRIAL,), best="float16")


def described(name: str, search: Search | None = None) -> PlanFile:
    profile = load(name)
    data = DataDescription(source="digits", classes=("0", "1"), counts={"train": 2})
    return describe(profile, plan.make(profile, "f").cells, data, command=command("bench", name), search=search)


@pytest.mark.parametrize("search", [None, Search(seed=0, trials=1, networks=(NETWORK,))])
@pytest.mark.parametrize("name", ["smoke", "digits"])
def test_what_was_written_is_read_and_written_again_in_the_same_bytes(tmp_path: Path, name: str, search: Search | None):
    store, planned = Store(tmp_path / name), described(name, search)
    write(store, planned)
    content = (store.folder / "plan.json").read_bytes()
    write(store, read(store.folder))
    assert (store.folder / "plan.json").read_bytes() == content
    assert read(store.folder).search == search
    assert ("search" in json.loads(content)) == (search is not None)


def test_the_file_holds_the_profile_in_json(tmp_path: Path):
    write(Store(tmp_path), described("smoke"))
    content = json.loads((tmp_path / "plan.json").read_bytes())
    assert content["command"] == "make bench PROFILE=smoke"
    assert content["margins"] == {"accuracy": 0.5, "inside": 0.1, "attribution": 0.25}
    assert content["cells"][0].keys() == {
        "name", "key", "kind", "model", "seed", "variant", "diagnostic", "parents"
    }  # fmt: skip
    assert content["variants"][0]["stages"] == [
        {"method": "original", "version": 1, "title": "Original", "settings": {}, "chosen": {}}
    ]
    assert [variant["control"] for variant in content["variants"][:5]] == [True, True, True, True, False]


def test_a_plan_of_an_earlier_version_has_defaults_for_what_came_later(tmp_path: Path):
    old = described("smoke").model_dump(
        exclude={"report", "task", "data", "diagnostics", "command", "search", "threads"}
    )
    del old["margins"]["attribution"]
    (tmp_path / "plan.json").write_bytes(to_json(old))
    assert read(tmp_path).margins.attribution == pytest.approx(0.25)
    assert read(tmp_path).report.accent == ""
    assert read(tmp_path).task.primary.title == "Top-1"


def test_titles_of_stages_are_read_from_plans_that_lack_them(tmp_path: Path):
    old = described("digits").model_dump()
    for variant in old["variants"]:
        for stage in variant["stages"]:
            del stage["title"], stage["chosen"]
    (tmp_path / "plan.json").write_bytes(to_json(old))
    names = [[(stage.title, stage.chosen) for stage in variant.stages] for variant in read(tmp_path).variants]
    assert names == [[(s.title, s.chosen) for s in variant.stages] for variant in described("digits").variants]


def test_the_looks_of_a_diagnostic_are_planned_by_label():
    text = (
        'seeds = [0]\n[[models]]\nname = "resnet8"\n[[methods]]\nname = "float16"\n'
        '[[diagnostics]]\nname = "filters"\nvariants = ["float16"]\n'
    )
    planned = describe(parse("p", text), (), DataDescription(), command="")
    assert planned.diagnostics["filters"].variants == ("float16",)


@pytest.mark.parametrize(
    "profile", ["digits", "my profiles/small.toml", "it's; rm -rf $HOME.toml", '"quoted".toml', "a$(b).toml"]
)
def test_the_command_that_reproduces_a_run_names_the_profile_to_a_shell(profile: str):
    words = shlex.split(command("bench", profile))
    assert words[-1].removeprefix("PROFILE=") == profile
    assert words[0] == ("make" if profile == "digits" else "python")


def test_the_report_is_part_of_the_reproduction():
    planned = described("smoke").model_copy(update={"name": "my runs"})
    assert planned.reproduction == "make bench PROFILE=smoke && python -m bench report --profile 'my runs'"


def test_the_plan_is_read_in_full(digits: Path):
    plan = read(digits)
    assert (plan.name, plan.seeds, plan.margins.inside) == ("digits", (0, 1, 2, 3, 4, 5), 0.1)
    assert [model.name for model in plan.models] == ["resnet8", "mobilenet-small"]
    assert plan.variant("magnitude:sparsity=0.9").stages[0].settings == {"sparsity": "0.9"}


def test_methods_are_neither_the_original_nor_controls(digits: Path):
    labels = [variant.label for variant in read(digits).methods]
    assert "float16" in labels
    assert not {"original", "finetune", "other-seed", "random-weights", "random-pruning:sparsity=0.9"} & set(labels)


def test_a_folder_without_a_plan_names_the_command(tmp_path: Path):
    with pytest.raises(InputError, match=r"mine holds no plan\.json: run `make bench PROFILE=mine` first"):
        read(tmp_path / "mine")


@pytest.mark.parametrize("text", ["", "[]", '{"name": "digits"}', '{"version": 1}'])
def test_a_file_that_is_no_plan_says_what_is_wrong_with_it(tmp_path: Path, text: str):
    (tmp_path / "plan.json").write_text(text)
    with pytest.raises(InputError, match=r"plan\.json is not a plan: "):
        read(tmp_path)


def test_two_cells_of_one_key_are_no_plan(tmp_path: Path):
    written = json.loads(to_json(described("smoke").model_dump()))
    first, second = written["cells"][:2]
    (tmp_path / "plan.json").write_bytes(to_json(written))
    assert len(read(tmp_path).cells) == len(written["cells"])
    second["key"] = first["key"]
    (tmp_path / "plan.json").write_bytes(to_json(written))
    twice = f"the key {first['key']} stands there twice, of {first['name']} and {second['name']}$"
    with pytest.raises(InputError, match=rf"plan\.json is not a plan: {twice}"):
        read(tmp_path)


def test_a_class_without_a_name_is_called_by_its_number():
    data = DataDescription(classes=("cat", "dog"))
    assert [data.named(label) for label in (1, 2)] == ["dog", "2"]
