import pytest

from bench.profile import load, parse, shipped
from bench.runner.plan_file import Trial
from bench.search import confirm
from bench.search.goal import Goal, NetworkSearch

BASE = parse(
    "p",
    """
title = "T"
seeds = [0, 1]
[training]
epochs = 2
[[models]]
name = "resnet8"
[models.training]
epochs = 3
[[models]]
name = "mobilenet-small"
[[methods]]
name = "float16"
""",
)


def found(model, *trials, budget=50):
    return NetworkSearch(model, Goal(budget=budget), Trial("original", 100, 99.0), trials)


def test_the_chain_is_put_beside_a_small_network_of_its_size():
    profile = confirm.profile(BASE, [found("resnet8", Trial("li:ratio=0.5+k-bit:bits=4", 40, 95.0))])
    methods = [variant.label for variant in profile.variants if variant.family not in ("original", "control")]
    assert methods == ["li:ratio=0.5+k-bit:bits=4"]
    assert "small-dense:fraction=0.4" in [variant.label for variant in profile.variants]


def test_everything_else_stays_as_it_was():
    profile = confirm.profile(BASE, [found("resnet8", Trial("li:ratio=0.5", 40, 95.0))])
    assert profile.name == "p-search"
    assert list(profile.recipes) == ["resnet8"]
    assert profile.recipes["resnet8"] == BASE.recipes["resnet8"]
    assert profile.file.seeds == BASE.file.seeds


def test_chains_of_several_networks_are_all_worked_once():
    both = [found(name, Trial("float16", 50, 99.0)) for name in ("resnet8", "mobilenet-small")]
    labels = [variant.label for variant in confirm.profile(BASE, both).variants]
    assert labels.count("float16") == 1
    assert labels.count("small-dense:fraction=0.5") == 1


def test_a_network_for_which_nothing_was_found_stays_in():
    both = [found("resnet8", Trial("float16", 50, 99.0)), found("mobilenet-small")]
    assert list(confirm.profile(BASE, both).recipes) == ["resnet8", "mobilenet-small"]


def test_looks_go_into_what_was_found_and_not_into_the_bases_methods():
    look = '\n[[diagnostics]]\nname = "filters"\nvariants = ["float16"]\n'
    profile = confirm.profile(parse("p", BASE.text + look), [found("resnet8", Trial("li:ratio=0.5", 40, 95.0))])
    assert "li:ratio=0.5" in profile.diagnostics["filters"].variants


@pytest.mark.parametrize("name", shipped())
def test_every_shipped_profile_can_be_searched(name):
    base = load(name)
    model = next(iter(base.recipes))
    profile = confirm.profile(base, [found(model, Trial("li:ratio=0.5", 40, 95.0))])
    assert set(profile.diagnostics) == set(base.diagnostics)
