import torch

from bench.compress.methods.magnitude import Magnitude
from bench.compress.methods.nncf_regularization import NncfRegularization
from bench.compress.pruning.masking import prunable


def zeros(network):
    return sum(int((weight == 0).sum()) for weight in prunable(network).values())


def test_exactly_the_share_is_removed_and_survivors_are_trained(compressed, workbench, through_a_file):
    total = sum(weight.numel() for weight in prunable(compressed.network).values())
    result = NncfRegularization(0.75)(compressed, workbench)
    assert zeros(result.network) == int(0.75 * total)
    assert sum(workbench.epochs_used) == workbench.epochs
    assert set(result.network.state_dict()) == set(compressed.network.state_dict())
    through_a_file(result)


def test_masks_are_learned_from_the_task_not_from_magnitudes(compressed, workbench):
    learned, magnitude = (method(0.5)(compressed, workbench) for method in (NncfRegularization, Magnitude))
    same = sum(int((learned.masks[name] == mask).sum()) for name, mask in magnitude.masks.items())
    assert same < 0.9 * sum(mask.numel() for mask in magnitude.masks.values())


def test_the_penalty_pulls_the_share_of_open_gates_down(compressed, workbench):
    from bench.compress.pruning import nncf_sparsity

    mask = torch.nn.Parameter(torch.full((100,), 4.0))

    def loss():
        return ((torch.sigmoid(mask).mean() - 0.2) / 0.05) ** 2

    training = nncf_sparsity._MaskTraining([mask], loss)
    for step in range(20):
        training.before_step(step, 20)
        training.after_step(step, 20)
    assert mask.max() < 0.5


def test_without_training_the_smallest_weights_go(compressed, workbench):
    workbench.finetune = lambda network, **options: ()
    total = sum(weight.numel() for weight in prunable(compressed.network).values())
    result = NncfRegularization(0.5)(compressed, workbench)
    assert zeros(result.network) == int(0.5 * total)
    expected = Magnitude(0.5)(compressed, workbench)
    for name, mask in expected.masks.items():
        assert torch.equal(result.masks[name], mask)


def test_zeros_of_the_chain_stay_and_take_no_part_in_training(compressed, workbench):
    first = Magnitude(0.9)(compressed, workbench)
    finetune = workbench.finetune

    def watched(network, **options):
        history = finetune(network, **options)
        assert not any(network.get_parameter(name)[~mask].any() for name, mask in first.masks.items())
        return history

    workbench.finetune = watched
    result = NncfRegularization(0.3)(first, workbench)
    for name, mask in first.masks.items():
        assert not result.network.get_parameter(name)[~mask].any()
