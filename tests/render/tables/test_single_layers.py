import pytest

from bench.analysis.results import load
from bench.analysis.study import Study
from bench.render.kit.table import show
from bench.render.tables import single_layers, single_layers_levels, single_layers_together
from tests.invented import CONTROLS, METHODS, Runs
from tests.single_layers import TARGETS, SingleLayers


def study_of(folder, **settings):
    runs = Runs(models=("resnet8",), seeds=(0, 1), variants=(*CONTROLS, METHODS[0]))
    return Study(load(SingleLayers(**settings).add(runs.write(folder))))


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return study_of(tmp_path_factory.mktemp("runs"))


def printed(table, *keys):
    columns = {column.key: column for column in table.columns}
    return [[show(row[key], columns[key]).main for key in keys] for row in table.rows]


def test_levels_are_printed_in_words_of_their_kind(study):
    table = single_layers.build(study)
    assert [group.title for group in table.groups] == [
        "ResNet-8, single weights", "ResNet-8, channels", "ResNet-8, bits",
    ]  # fmt: skip
    assert printed(table, "layer", "tolerated", "saved", "tolerated_retaken") == [
        ["stem", "0%", "0", "0%"],
        ["middle", "50%", "200", "90%"],
        ["head", "90%", "600", "90%"],
        ["stem and 1 more", "0%", "0", "0%"],
        ["stem", "32 bits", "0", "32 bits"],
        ["middle", "4 bits", "200", "2 bits"],
        ["head", "2 bits", "600", "2 bits"],
    ]
    assert "100 validation images" in table.details
    assert "test image" in table.details


def test_without_statistics_taken_again_there_are_no_such_columns(tmp_path):
    study = study_of(tmp_path, retakes=False)
    assert {"tolerated_retaken", "saved_retaken"}.isdisjoint(c.key for c in single_layers.build(study).shown)
    keys = [column.key for column in single_layers_together.build(study).shown]
    assert keys == ["level", "saved", "rise", "sum"]


def test_what_each_tolerates_has_a_row_for_either_choice(study):
    table = single_layers_together.build(study)
    rows = printed(table, "level", "rise", "sum", "rise_retaken", "sum_retaken")[:5]
    assert [row[0] for row in rows] == ["0%", "50%", "90%", "what each tolerates", "what each tolerates, re-taken"]
    assert rows[3][1:] == ["+0.100", "+0.050", "–", "–"]
    assert rows[4][1:] == ["–", "–", "+0.100", "+0.050"]


def test_every_level_of_every_seed_is_a_row_of_the_data(study):
    singles, joints = single_layers_levels.build(study)
    assert singles.size == 2 * 2 * 3 * sum(map(len, TARGETS.values()))
    assert joints.size == 2 * 2 * 4 * len(TARGETS)
    assert set(joints.frame["level"]) == {"0", "0.5", "0.9", "32", "4", "2", "tolerated"}
    assert list(singles.frame.columns) == list(singles.fields)
    first = singles.frame.iloc[2]
    assert (first["level"], first["accuracy"], first["agreement"]) == (0.5, pytest.approx(85.0), pytest.approx(90.0))


def test_a_profile_that_asks_for_none_has_no_tables(tmp_path):
    runs = Runs(models=("resnet8",), seeds=(0, 1), variants=(*CONTROLS, METHODS[0]))
    study = Study(load(runs.write(tmp_path)))
    assert single_layers.build(study) is single_layers_together.build(study) is None
    assert single_layers_levels.build(study) == []
