import pytest

from bench.compress.methods.pca_iterative import PcaIterative


@pytest.mark.parametrize(("rank", "step", "rounds"), [(0.5, 0.98, 35), (0.5, 0.5, 1), (0.25, 0.5, 2), (0.9, 0.5, 1)])
def test_rounds_follow_from_rank_and_step(rank, step, rounds):
    method = PcaIterative(rank=rank, step=step, tuning_epochs=2)
    assert method.rounds == rounds
    assert method.budget(20, 200).finetuned == 2 * rounds


def test_the_same_network_comes_from_the_file(compressed, workbench, through_a_file):
    calls = []
    finetune = workbench.finetune
    workbench.finetune = lambda network, **settings: calls.append(settings) or finetune(network, **settings)
    result = PcaIterative(rank=0.4, step=0.7)(compressed, workbench)
    assert through_a_file(result).block.conv1.reduce.out_channels == 3
    assert [(call["epochs"], call["learning_rate"]) for call in calls] == [(1, 1e-4)] * 3


@pytest.mark.parametrize(
    ("rank", "step", "rounds"), [(0.64, 0.8, 2), (0.512, 0.8, 3), (0.729, 0.9, 3), (0.5, 0.98, 35)]
)
def test_exact_powers_of_the_step_take_no_round_more(rank, step, rounds):
    assert PcaIterative(rank=rank, step=step).rounds == rounds
