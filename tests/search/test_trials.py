import pytest

from bench.runner.plan_file import Trial
from bench.search.goal import Goal, NetworkSearch
from bench.search.space import space
from bench.search.trials import TOGETHER, try_chains

SPACE = space(["li", "magnitude-finetune", "k-bit", "bwn"])


def attempt(chains):
    """Every method has its price in accuracy and its share of the bytes."""
    share = {"li": 0.5, "magnitude-finetune": 0.4, "k-bit": 0.2, "bwn": 0.04, "original": 1.0}
    cost = {"li": 2.0, "magnitude-finetune": 0.5, "k-bit": 0.2, "bwn": 9.0, "original": 0.0}
    trials = []
    for chain in chains:
        payload, accuracy = 100_000.0, 98.0
        for stage in chain.stages:
            strength = 1 + 0.1 * sum(float(value) for _, value in stage.chosen if isinstance(value, float))
            payload, accuracy = payload * share[stage.name] / strength, accuracy - cost[stage.name] * strength
        trials.append(Trial(chain.label, round(payload), accuracy))
    return trials


def test_as_many_chains_are_tried_as_were_asked_for():
    assert len(try_chains(SPACE, Goal(budget=20_000), 10, 0, attempt)) == 10


def test_the_same_seed_tries_the_same_chains():
    first, again, other = (try_chains(SPACE, Goal(budget=20_000), 12, seed, attempt) for seed in (0, 0, 1))
    assert first == again
    assert first != other


def test_chains_are_handed_out_a_few_at_a_time():
    sizes = []
    try_chains(
        SPACE, Goal(budget=20_000), 2 * TOGETHER + 1, 0, lambda chains: sizes.append(len(chains)) or attempt(chains)
    )
    assert sizes == [TOGETHER, TOGETHER, 1]


def test_forty_trials_find_the_known_best():
    trials = try_chains(SPACE, Goal(budget=10_000), 40, 0, attempt)
    best = Goal(budget=10_000).best(trials)
    assert best.label.startswith("magnitude-finetune")
    assert "k-bit" in best.label
    assert "li" not in best.label


def test_a_refused_chain_counts_as_a_trial():
    trials = try_chains(
        SPACE, Goal(floor=90), 8, 0, lambda chains: [Trial(chain.label, reason="no") for chain in chains]
    )
    assert len(trials) == 8
    assert NetworkSearch("m", Goal(floor=90), Trial("original", 1, 1.0), trials).chain is None


def test_what_was_found_is_told_in_full():
    found = NetworkSearch("m", Goal(budget=50), Trial("original", 100, 99.0), (Trial("li:ratio=0.5", 40, 95.0),))
    assert found.chain.label == "li:ratio=0.5"
    assert found.record.best == "li:ratio=0.5"
    assert found.record.front == ("li:ratio=0.5",)
    assert found.record.budget == pytest.approx(50)
