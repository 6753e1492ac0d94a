"""What all methods share that take a share of every layer's filters."""

import pytest

from bench.compress import variant
from bench.errors import InputError

METHODS = ["li", "thinet", "random-filters"]


def widths(network):
    return network.conv.out_channels, network.block.conv1.out_channels


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize(("order", "rounds", "turns"), [("together", 2, 2), ("layers", 1, 2), ("layers", 3, 6)])
def test_any_schedule_ends_at_the_same_size_and_budget(
    name, order, rounds, turns, compressed, workbench, through_a_file
):
    chain = variant.parse(f"{name}:ratio=0.5,channels=all,order={order},rounds={rounds}")
    result = chain.apply(compressed, workbench)
    assert widths(through_a_file(result)) == (4, 4)
    assert workbench.epochs_used == [workbench.epochs / turns] * turns
    assert chain.budget(workbench.epochs, 0).finetuned == pytest.approx(sum(workbench.epochs_used))


@pytest.mark.parametrize("name", METHODS)
def test_published_schedules_are_the_default(name, compressed, workbench):
    assert variant.parse(name).stages[0].method.settings()["order"] == "together"
    variant.parse(name).apply(compressed, workbench)
    assert workbench.epochs_used == [workbench.epochs]


@pytest.mark.parametrize("setting", ["order=filters", "rounds=0", "rounds=101"])
def test_other_schedules_are_refused_in_a_sentence(setting):
    with pytest.raises(InputError, match=setting.partition("=")[0]):
        variant.parse(f"li:{setting}").check()
