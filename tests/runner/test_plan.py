import dataclasses

import pytest

from bench import profile
from bench.errors import InputError
from bench.runner import plan

TEXT = """
seeds = [0, 1, 2]
[[models]]
name = "resnet8"
[[methods]]
name = "magnitude"
sparsity = [0.5, 0.9]
[[methods]]
name = "magnitude-finetune"
"""


def planned(text=TEXT, fingerprint="f"):
    return plan.make(profile.parse("p", text), fingerprint)


def keys(made, **wanted):
    return {cell.name: cell.key for cell in made.cells if all(getattr(cell, k) == v for k, v in wanted.items())}


def changed(before, after):
    return {name for name in before if before[name] != after[name]}


def test_a_cell_for_every_model_seed_and_variant():
    made = planned()
    count = {kind: sum(cell.kind == kind for cell in made.cells) for kind in ("train", "compress", "compare")}
    assert count == {"train": 3, "compress": 3 * 7, "compare": 3 * 6}  # with the original and three controls
    assert len({cell.key for cell in made.cells}) == len({cell.name for cell in made.cells}) == len(made.cells)


def test_parents_come_first():
    seen = set()
    for cell in planned().cells:
        assert all(parent.key in seen for parent in cell.parents.values())
        seen.add(cell.key)


def test_another_seed_starts_from_the_next_network():
    cells = {cell.name: cell for cell in planned().cells}
    assert cells["compress/resnet8/2/other-seed"].parents["trained"] is cells["train/resnet8/0"]


def test_a_comparison_reads_the_original_and_the_control():
    cells = {cell.name: cell for cell in planned().cells}
    parents = cells["compare/resnet8/0/magnitude:sparsity=0.5"].parents
    assert set(parents) == {"compressed", "original", "finetune"}
    assert set(cells["compare/resnet8/0/finetune"].parents) == {"compressed", "original"}


def test_a_diagnosis_is_a_cell_of_its_own_with_all_references():
    made = planned(TEXT + '[[diagnostics]]\nname = "filters"\n')
    cells = {cell.name: cell for cell in made.cells}
    name = "resnet8/0/magnitude:sparsity=0.5"
    references = {"compressed", "original", "finetune", "other-seed", "random-weights"}
    assert cells[f"diagnose/{name}/filters"].parents.keys() == references
    assert not changed(keys(planned()), keys(made))


def test_a_diagnosis_is_made_of_the_methods_that_it_asks_for():
    made = planned(TEXT + '[[diagnostics]]\nname = "filters"\nvariants = ["magnitude:sparsity=0.5"]\n')
    assert {cell.variant for cell in made.cells if cell.kind == "diagnose"} == {"magnitude:sparsity=0.5"}
    assert made.profile.diagnostics["filters"].variants == ("magnitude:sparsity=0.5",)


def test_each_original_has_one_sensitivity_if_the_profile_asks_for_it():
    made = planned(TEXT + "[sensitivity]\n")
    cells = [cell for cell in made.cells if cell.kind == "sensitivity"]
    assert [cell.name for cell in cells] == [f"sensitivity/resnet8/{seed}/original" for seed in (0, 1, 2)]
    assert [cell.parents["trained"].name for cell in cells] == [f"train/resnet8/{seed}" for seed in (0, 1, 2)]
    without = keys(planned())
    assert not changed(without, keys(made))
    assert len(made.cells) == len(without) + 3
    coarser = planned(TEXT + "[sensitivity]\nbits = [4]\n")
    assert changed(keys(made), keys(coarser)) == {cell.name for cell in cells}


def test_one_seed_has_no_other():
    names = {cell.name for cell in planned(TEXT.replace("[0, 1, 2]", "[0]")).cells}
    assert "compress/resnet8/0/other-seed" not in names
    assert "compare/resnet8/0/magnitude:sparsity=0.5" in names


@pytest.mark.parametrize(
    "edit",
    [
        lambda text: text.replace("[0.5, 0.9]", "[0.9, 0.5]"),
        lambda text: text.replace("[0, 1, 2]", "[0, 1, 2, 3]").replace("[0, 1, 2, 3]", "[0, 1, 2]"),
        lambda text: 'title = "renamed"\n' + text,
        lambda text: text + "[margins]\naccuracy = 1.0\n",
    ],
)
def test_keys_hold_nothing_that_has_no_part_in_the_result(edit):
    assert keys(planned(edit(TEXT))) == keys(planned())


def test_adding_a_method_changes_no_key():
    more = keys(planned(TEXT + '[[methods]]\nname = "float16"\n'))
    assert not changed(keys(planned()), more)


def test_the_fine_tuning_recipe_belongs_to_what_fine_tunes():
    after = planned(TEXT + "[finetuning]\nepochs = 3\n")
    names = changed(keys(planned(), kind="compress"), keys(after, kind="compress"))
    assert {name.split("/")[-1].partition(":")[0] for name in names} == {"finetune", "magnitude-finetune"}


def test_threads_data_and_recipe_belong_to_every_key():
    for made in (planned("threads = 2\n" + TEXT), planned(fingerprint="g"), planned(TEXT + "[training]\nepochs = 3\n")):
        assert len(changed(keys(planned()), keys(made))) == len(made.cells)


def test_only_takes_what_matches_and_what_it_needs():
    names = [cell.name for cell in plan.only(planned(), "compress/resnet8/1/magnitude:*")]
    wanted = [f"compress/resnet8/1/magnitude:sparsity={sparsity}" for sparsity in (0.5, 0.9)]
    assert names == ["train/resnet8/1", *wanted]
    with pytest.raises(InputError, match="matches none of the 42 cells"):
        plan.only(planned(), "nothing")


def test_shards_together_are_the_whole():
    made = planned()
    parts = [plan.shard(made.cells, which, 2) for which in (1, 2)]
    assert {cell.key for part in parts for cell in part} == {cell.key for cell in made.cells}
    assert all(len(part) < len(made.cells) for part in parts)


def test_a_checkpoint_is_known_by_its_content_not_its_place(tmp_path):
    def with_checkpoints(folder):
        folder.mkdir()
        for seed in range(3):
            (folder / f"{seed}.safetensors").write_bytes(b"weights %d" % seed)
        text = TEXT.replace('name = "resnet8"', f'name = "resnet8"\ncheckpoint = "{folder}/{{seed}}.safetensors"')
        return planned(text)

    assert keys(with_checkpoints(tmp_path / "a")) == keys(with_checkpoints(tmp_path / "b"))
    (tmp_path / "a" / "1.safetensors").unlink()
    with pytest.raises(InputError, match="checkpoint of seed 1"):
        planned(TEXT.replace('name = "resnet8"', f'name = "resnet8"\ncheckpoint = "{tmp_path}/a/{{seed}}.safetensors"'))


def test_a_cell_is_hashable_evidence_of_itself():
    cell = planned().cells[0]
    assert dataclasses.replace(cell, outside={}).key == cell.key
    assert cell.as_dict()["key"] == cell.key


def test_the_models_own_recipe_belongs_to_what_trains_from_nothing():
    made = planned(TEXT + '[[methods]]\nname = "small-dense"\n')
    specs = {cell.variant: cell.spec for cell in made.cells if cell.kind == "compress"}
    assert specs["small-dense"]["recipe"] == made.profile.recipes["resnet8"].spec()
    assert specs["small-dense"]["finetuning"] is None
    assert specs["small-dense"]["training_version"] is not None
    assert all("recipe" not in spec for label, spec in specs.items() if label != "small-dense")


@pytest.mark.parametrize(
    "table",
    [
        'measures = ["debiased-cka", "knn-jaccard"]',
        'measures = ["cross-probe", "debiased-cka"]\ninside = ["cross-probe"]\nmaps = []',
        "maps = []",
        "training_images = 100",
        "training_seed = 1",
    ],
)
def test_what_insides_are_compared_by_is_in_the_key_of_comparisons_alone(table):
    found = changed(keys(planned()), keys(planned(f"{TEXT}[similarity]\n{table}\n")))
    assert found and all(name.startswith("compare/") for name in found)


@pytest.mark.parametrize("table", ['inside = ["rsa"]', 'maps = ["debiased-cka"]'])
def test_what_only_the_report_asks_or_the_default_says_changes_no_key(table):
    assert not changed(keys(planned()), keys(planned(f"{TEXT}[similarity]\n{table}\n")))


def test_training_images_count_only_where_a_probe_learns_on_them():
    table = '[similarity]\nmeasures = ["rsa"]\n'
    assert not changed(keys(planned(TEXT + table)), keys(planned(f"{TEXT}{table}training_images = 100\n")))


def test_weights_that_training_begins_with_are_known_by_their_content(tmp_path):
    pytest.importorskip("timm")

    def begun(content, name="w.pt", more=""):
        (tmp_path / name).write_bytes(content)
        named = f'name = "timm:resnet10t"\nweights = "{tmp_path}/{name}"\n{more}'
        return keys(planned(TEXT.replace('name = "resnet8"', named)))

    assert begun(b"a") == begun(b"a", "v.pt")
    assert not set(begun(b"a").values()) & set(begun(b"b").values())
    assert not set(begun(b"a").values()) & set(begun(b"a", more='normalisation = "data"').values())
    (tmp_path / "w.pt").unlink()
    with pytest.raises(InputError, match="weights of timm:resnet10t: there is no file"):
        planned(TEXT.replace('name = "resnet8"', f'name = "timm:resnet10t"\nweights = "{tmp_path}/w.pt"'))


def test_networks_without_published_weights_keep_their_keys():
    assert not {"weights", "normalisation"} & set(planned().cells[0].spec)
    assert planned(TEXT.replace('name = "resnet8"', 'name = "resnet8"\nnormalisation = "data"')).cells[0].key == (
        planned().cells[0].key
    )


def test_every_cell_of_a_network_normalises_images_alike():
    made = planned(TEXT.replace('name = "resnet8"', 'name = "resnet8"\nnormalisation = "imagenet"'))
    assert {str(cell.spec["normalisation"]) for cell in made.cells} == {
        str([[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]])
    }


def imported(tmp_path, files, seeds="[0, 1]"):
    path = str(tmp_path / files)
    return profile.parse(
        "p", f'seeds = {seeds}\n[[models]]\nname = "resnet8"\n[[methods]]\nname = "import"\nfiles = "{path}"\n'
    )


def test_a_file_of_the_users_counts_by_its_content(tmp_path):
    for seed in (0, 1):
        (tmp_path / f"a-{seed}.pt").write_bytes(b"%d" % seed)
        (tmp_path / f"b-{seed}.pt").write_bytes(b"%d" % seed)
    a, b = (
        {cell.name: cell for cell in plan.make(imported(tmp_path, f"{name}-{{seed}}.pt"), "x").cells} for name in "ab"
    )
    of = {cell.key for cell in a.values() if "import" in cell.name}
    assert of == {cell.key for cell in b.values() if "import" in cell.name}
    cell = next(cell for cell in a.values() if cell.name.startswith("compress/resnet8/1/import"))
    assert [path.name for path in cell.outside.values()] == ["a-1.pt"]
    (tmp_path / "a-1.pt").write_bytes(b"another")
    changed = plan.make(imported(tmp_path, "a-{seed}.pt"), "x").cells
    assert len(of & {cell.key for cell in changed}) == len(of) / 2


@pytest.mark.parametrize(
    ("files", "words"), [("no-{seed}.pt", "there is no file"), ("one.pt", "one file for seeds 0 and 1")]
)
def test_missing_files_and_one_for_all_seeds_are_told(tmp_path, files, words):
    (tmp_path / "one.pt").touch()
    with pytest.raises(InputError, match=words):
        plan.make(imported(tmp_path, files), "x")


def test_one_network_under_two_names_is_told(tmp_path):
    for name in ("0.pt", "1.pt"):
        (tmp_path / name).write_bytes(b"weights")
    with pytest.raises(InputError, match=r"method 'import'.*0.pt' and '.*1.pt' hold one network"):
        plan.make(imported(tmp_path, "{seed}.pt"), "x")
    checkpoint = TEXT.replace('name = "resnet8"', f'name = "resnet8"\ncheckpoint = "{tmp_path}/0.pt"')
    with pytest.raises(InputError, match=r"checkpoint of resnet8: '.*0.pt' is one file for seeds 0 and 1"):
        planned(checkpoint)


def test_a_configuration_may_be_that_of_all_seeds(tmp_path):
    for name in ("0.pt", "1.pt", "c.json"):
        (tmp_path / name).write_text(name)
    files = f'files = "{tmp_path}/{{seed}}.pt"\nconfig = "{tmp_path}/c.json"'
    text = f'seeds = [0, 1]\n[[models]]\nname = "resnet8"\n[[methods]]\nname = "import"\n{files}\n'
    assert (
        len(
            [
                c
                for c in plan.make(profile.parse("p", text), "x").cells
                if c.name.startswith("compress") and len(c.outside) == 2
            ]
        )
        == 2
    )


def test_a_revision_is_part_of_the_keys_of_networks_from_elsewhere_alone():
    def stages(model):
        text = f'seeds = [0]\n[[models]]\nname = "{model}"\n[[methods]]\nname = "nncf-int8-ptq"\n'
        cells = plan.make(profile.parse("p", text), "x").cells
        return next(cell.spec["variant"] for cell in cells if cell.name.startswith("compress") and "nncf" in cell.name)

    assert [stage.get("revision") for stage in stages("resnet8")] == [None]
    assert [stage.get("revision") for stage in stages("torchvision:resnet18")] == [1]


def test_transforms_enter_the_keys_of_their_model_alone():
    text = TEXT.replace('name = "resnet8"', 'name = "resnet8"\ntraining = { resize = 36, center_crop = 32 }', 1)
    before, after = (plan.make(profile.parse("p", each), "data").cells for each in (TEXT, text))
    assert not {cell.key for cell in before} & {cell.key for cell in after}
    assert all(
        cell.spec["transform"] == {"resize": 36, "center_crop": 32, "interpolation": "bilinear"} for cell in after
    )
    assert all("transform" not in cell.spec for cell in before)
    random = TEXT.replace('name = "resnet8"', 'name = "resnet8"\ntraining = { auto_augment = "randaugment" }', 1)
    for cell in plan.make(profile.parse("p", random), "data").cells:
        assert "transform" not in cell.spec
        assert cell.kind != "train" or cell.spec["recipe"]["auto_augment"] == "randaugment"
