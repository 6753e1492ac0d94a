import json

import pytest

from bench.runner.store import Store

SEARCH = (
    "search",
    "--profile",
    "micro.toml",
    "--device",
    "cpu",
    "--trials",
    "4",
    "--among",
    "magnitude-finetune",
    "k-bit",
)


@pytest.fixture(scope="module")
def searched(searching):
    """A search that was run once, with what it printed."""
    return searching, searching(*SEARCH, "--budget", "100kB", "--jobs", "1", "--json")


def test_it_finds_confirms_and_leaves_a_plan_for_the_report(searched):
    cli, result = searched
    assert result.code == 0, result.errors
    plan = json.loads((cli.folder / "runs/micro-search/plan.json").read_text())
    best = plan["search"]["networks"][0]["best"]
    assert best in [variant["label"] for variant in plan["variants"]]
    assert plan["report"]["budget_kb"] == 100
    assert any(variant["label"].startswith("small-dense:") for variant in plan["variants"])
    keys = {cell["key"] for cell in plan["cells"] if cell["variant"] == best and cell["kind"] == "compress"}
    assert len(keys) == 2  # both seeds
    assert keys <= set(Store(cli.folder / "runs/micro-search").keys())


def test_it_chooses_on_validation_images_only(searched):
    cli, result = searched
    (network,) = json.loads(result.output[: result.output.rindex("]") + 1])
    store = Store(cli.folder / "runs/micro-search")
    metrics = [json.loads(store.read(key)["metrics.json"]) for key in sorted(store.keys())]
    validation = {round(100 * each["validation_accuracy"], 6) for each in metrics if "validation_accuracy" in each}
    assert {round(trial["accuracy"], 6) for trial in network["trials"] if trial["payload"]} <= validation


def test_the_same_search_again_works_nothing_and_finds_the_same(searched):
    cli, first = searched
    before = {path: path.stat().st_mtime_ns for path in (cli.folder / "runs/micro-search").glob("*/metrics.json")}
    again = cli(*SEARCH, "--budget", "100kB", "--jobs", "2", "--json")
    assert again.output == first.output
    assert before == {path: path.stat().st_mtime_ns for path in before}


@pytest.mark.slow
def test_its_report_is_rendered_by_name(searched):
    cli, _ = searched
    result = cli("report", "--profile", "micro-search", "--out", "report")
    assert result.code == 0, result.errors
    page = (cli.folder / "report/details.html").read_text()
    assert "Small dense network" in page
    assert 'id="search"' in page


def test_an_impossible_budget_is_told_with_what_was_found(searched):
    cli, _ = searched
    result = cli(*SEARCH, "--budget", "100", "--jobs", "1")
    assert result.code == 3
    assert "no trial of 4 keeps to it" in result.output


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((), "--budget SIZE"),
        (("--budget", "many"), "e.g. 20kB, given 'many'"),
        (("--floor", "970"), "from 0 to 100"),
        (("--budget", "9kB", "--model", "resnet9"), "has no model 'resnet9': did you mean 'resnet8'"),
        (("--budget", "9kB", "--among", "k-bits"), "did you mean 'k-bit'"),
    ],
)
def test_mistakes_are_one_sentence(searched, arguments, sentence):
    cli, _ = searched
    result = cli("search", "--profile", "micro.toml", *arguments)
    assert result.code == 2
    assert sentence in result.errors
    assert "Traceback" not in result.errors
