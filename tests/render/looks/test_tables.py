"""The tables of what was looked into."""

from __future__ import annotations

import pytest

from bench.render.tables import (
    activation_statistics,
    attribution_maps,
    channel_images,
    corruptions,
    explanations,
    faithfulness,
    gallery,
    looks,
    undone,
    units,
)

MODULES = (attribution_maps, channel_images, corruptions, explanations, faithfulness, gallery, looks, undone, units)


def rows(table):
    """Data by the row's title and the column's key."""
    return {row["title"].value: row.data for row in table.rows}


def test_without_a_diagnostic_there_is_no_table(study_of, variants):
    study = study_of(seeds=(0,), variants=(variants["original"], variants["float16"]))
    assert [module.build(study) for module in MODULES] == [None] * len(MODULES)
    assert activation_statistics.build(study) == []


def test_agreement_of_explanations(looked):
    table = explanations.build(looked())
    assert [group.title for group in table.groups] == ["ResNet-8: Integrated gradients", "ResNet-8: Grad-CAM"]
    own = rows(table)["INT8 (NNCF PTQ)"]
    assert own["spearman"].value == pytest.approx(0.89)
    assert own["spearman_less_control"].value == pytest.approx(-0.08)
    assert own["seed_equivalents"].value == pytest.approx(0.11 / 0.51)
    assert own["top_overlap"].value == pytest.approx(0.445)
    assert own["top_overlap_seed_equivalents"].value == pytest.approx((1 - 0.445) / (1 - 0.245))
    assert own["seeds"].value == 3


def test_quantisers_are_by_passed_in_a_row_of_its_own(looked):
    found = rows(explanations.build(looked()))
    assert found["INT8 (NNCF PTQ), quantisers by-passed"]["spearman"].value == pytest.approx(0.95)
    assert sum("by-passed" in title for title in found) == 1


def test_the_original_agrees_with_itself_and_another_seed_is_the_unit(looked):
    found = rows(explanations.build(looked()))
    assert found["Original"]["spearman"].value is None
    assert found["Other seed"]["seed_equivalents"].value is None
    assert found["Other seed"]["spearman"].value == pytest.approx(0.49)


def test_blank_maps_are_counted(looked):
    found = rows(explanations.build(looked()))
    assert found["Random weights"]["blank"].value == 3
    assert found["INT8 (NNCF PTQ)"]["blank"].value == 0


def test_what_failed_is_called_so(looked):
    states = {f"diagnose/resnet8/{seed}/nncf-int8-ptq/attributions": "failed" for seed in (0, 1, 2)}
    assert rows(explanations.build(looked(states=states)))["INT8 (NNCF PTQ)"]["spearman"].hole == "failed"


def test_faithfulness_is_less_the_originals(looked):
    own = rows(faithfulness.build(looked()))["Magnitude (sparsity 0.5)"]
    assert own["deletion"].value == pytest.approx(1.21)
    assert own["deletion_less_original"].value == pytest.approx(0.21)


def test_channels_have_a_column_a_measure(looked):
    own = rows(units.build(looked()))["Other seed"]
    assert own["transfer"].value == pytest.approx(0.49)
    assert own["filter_zero"].value == pytest.approx(25)


def test_channels_have_no_column_of_what_did_not_run(looked):
    table = units.build(looked(chosen=("conductance",)))
    assert [column.key for column in table.columns[3:]] == ["conductance", "seeds"]
    assert "Transfer" not in table.caption


def test_an_undefined_number_is_a_hole(looked):
    assert rows(units.build(looked()))["Fine-tuned control"]["filter_zero"].hole == "none"


def test_activations_are_shares_in_percent(looked):
    overall, by_block = activation_statistics.build(looked())
    own = rows(overall)["INT8 (NNCF PTQ)"]
    assert own["dead"].value == pytest.approx(11)
    assert own["dimension_less_original"].value == pytest.approx(-5.5)
    dimensions = by_block.frame.set_index(["variant", "depth"])["dimension"]
    assert dimensions["nncf-int8-ptq", 2] == pytest.approx(44.5)
    assert dimensions["nncf-int8-ptq", 1] == pytest.approx(50)


def test_an_effective_dimension_of_nothing_is_a_hole(looked):
    by_block = activation_statistics.build(looked())[1]
    block = by_block.frame.set_index(["variant", "depth"]).loc["random-weights", 2]
    assert block["seeds"] == 3
    assert block["dimension"] is not None  # of the seeds that have one


def test_loss_on_corrupted_images_is_in_points(looked):
    own = rows(corruptions.build(looked()))["INT8 (NNCF PTQ)"]
    assert own["loss"].value == pytest.approx(41.1)
    assert own["loss_less_original"].value == pytest.approx(1.1)
    assert own["loss_less_control"].value == pytest.approx(0.8)


def test_notes_of_several_seeds_and_variants_are_one_row(looked):
    where = [(0, "nncf-int8-ptq"), (2, "nncf-int8-ptq"), (0, "finetune")]
    notes = {f"diagnose/resnet8/{seed}/{variant}/filters": ["No filter."] for seed, variant in where}
    (row,) = undone.build(looked(notes=notes)).rows
    assert [datum.value for datum in row.data.values()] == [
        "resnet8",
        "Fine-tuned control; INT8 (NNCF PTQ)",
        "No filter.",
        "0, 2",
    ]


def test_every_diagnostic_is_named_with_its_settings_and_sources(looked):
    found = {row["diagnostic"].value: row for row in looks.build(looked()).rows}
    images = "images 4, methods integrated-gradients and grad-cam, pictures 2"
    assert found["attributions"]["settings"].value == images
    assert found["filters"]["settings"].value == "none"
    assert found["filters"]["variants"].value == "every variant"
    assert found["filters"]["sources"].value == "kozlov2021nncf"


def test_maps_are_in_the_data_as_they_are_drawn(looked):
    found = attribution_maps.build(looked()).frame.to_numpy().tolist()
    own = [row for row in found if row[2] == "nncf-int8-ptq" and row[3] == "grad-cam" and row[4] == "compressed"]
    assert [row[5:8] for row in own] == [[0, 0, 4], [3, 3, 4]]
    assert own[0][8].split() == ["0.9"] * 16


def test_images_of_channels_are_in_the_data_as_they_are_drawn(looked):
    frame = channel_images.build(looked()).frame
    other = frame[frame["variant"] == "other-seed"]
    assert other["own_channel"].tolist() == [3, -1]
    assert other["response"].tolist() == [2.0, None]
    assert set(frame[frame["variant"] == "original"]["version"]) == {"original", "other-initialisation"}
    assert bytes.fromhex(other["pixels"].iloc[0]) == bytes([128] * 64)


def test_every_picture_of_the_galleries_is_there(looked):
    found = gallery.build(looked(colours=3)).frame.to_dict("records")
    counts = {name: sum(row["diagnostic"] == name for row in found) for name in {row["diagnostic"] for row in found}}
    networks = 7  # four references and three methods
    assert counts == {
        "filters": networks * 4 - 3,  # a method lost one
        "class-images": networks * 2,
        "feature-inversion": 2 + networks * 2 * 2,
        "deep-dream": 2 + networks * 2,
    }
    real = next(row for row in found if row["variant"] == "real")
    assert real["shape"] == "3×8×8"
    assert real["values"] == "33" * 192
    assert next(row for row in found if row["diagnostic"] == "filters")["values"] == " ".join(["1"] * 27)
    assert {row["layer"] for row in found if row["diagnostic"] == "feature-inversion"} == {"", "stage0", "stage1"}


def test_numbers_of_the_galleries_are_columns_of_the_channels(looked):
    found = rows(units.build(looked()))
    assert found["INT8 (NNCF PTQ)"]["recognised"].value == pytest.approx(89)
    assert found["INT8 (NNCF PTQ)"]["inversion"].value == pytest.approx(0.11)
