from __future__ import annotations

from pathlib import Path

import pytest

from bench.errors import InputError
from bench.runner.plan_file import DataDescription, read


def test_the_plan_is_read_in_full(digits: Path):
    plan = read(digits)
    assert (plan.name, plan.seeds, plan.margins.cka) == ("digits", (0, 1, 2, 3, 4, 5), 0.02)
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


def test_a_class_without_a_name_is_called_by_its_number():
    data = DataDescription(classes=("cat", "dog"))
    assert [data.named(label) for label in (1, 2)] == ["dog", "2"]
