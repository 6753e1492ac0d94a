import pytest
import torch

from bench.compress.filters import thinning
from bench.compress.filters.regularisers import group_norms, growing, lasso_of_scales, trained


@pytest.fixture
def groups(compressed):
    return thinning.prunable(compressed, (), "all")


def test_the_lasso_is_the_sign_of_the_scales_alone(tiny, groups):
    with torch.no_grad():
        tiny.bn.weight[:2] = torch.tensor([-2.0, 0.0])
    terms = lasso_of_scales(0.25)(tiny, groups, 0)
    assert terms.keys() == {"bn.weight", "block.bn1.weight", "block.bn2.weight"}
    assert terms["bn.weight"].tolist() == [-0.25, 0, *[0.25] * 6]


def smallness(tiny):
    block = tiny.block
    squares = (
        block.conv1.weight.square().sum((1, 2, 3)) + block.bn1.weight**2 + block.conv2.weight.square().sum((0, 2, 3))
    )
    norm = squares.sqrt()
    return ((norm.max() - norm) / (norm.max() - norm.min())).detach()


@pytest.mark.parametrize(
    ("penalty", "epoch", "strength"),
    [
        (group_norms(0.5, 4), 7, lambda small: 0.5 * 2 ** (4 * small)),
        (growing(0.5, 0.25), 3.9, lambda small: 0.5 + 3 * 0.25 * small),
    ],
)
def test_a_weight_decay_that_grows_as_a_channel_is_small(penalty, epoch, strength, tiny, groups):
    inside = groups[1:]
    assert inside[0].writers == ("block.conv1.weight",)
    terms = penalty(tiny, inside, epoch)
    decay = strength(smallness(tiny))
    block = tiny.block
    torch.testing.assert_close(terms["block.conv1.weight"], decay.view(-1, 1, 1, 1) * block.conv1.weight)
    torch.testing.assert_close(terms["block.bn1.weight"], decay * block.bn1.weight)
    torch.testing.assert_close(terms["block.conv2.weight"], decay.view(1, -1, 1, 1) * block.conv2.weight)
    # a weight of two groups decays for both
    both = penalty(tiny, groups, epoch)["block.conv1.weight"]
    outer = penalty(tiny, groups[:1], epoch)["block.conv1.weight"]
    torch.testing.assert_close(both, outer + terms["block.conv1.weight"])


def test_equal_channels_are_left_alone(tiny, groups):
    with torch.no_grad():
        for parameter in tiny.parameters():
            parameter.fill_(1)
    assert group_norms(0.5, 4)(tiny, groups, 0) == {}


def test_terms_reach_the_optimiser_and_leave_no_hook(compressed, workbench, groups):
    """Plain gradient descent with the lasso differs from that without by the sum of learning rates and signs."""
    before = compressed.network.bn.weight.detach().clone()
    penalties = {0.0: None, 1.0: None}
    for strength in penalties:
        seen = []

        def once(network, *, epochs, before_step, after_step, distill, seen=seen):
            before_step(0, 1)
            images, labels = next(workbench.batches(32))
            workbench.loss(network.train(), images, labels).backward()
            seen.append(network.bn.weight.grad.clone())
            network.eval()
            return ({"epoch": epochs},)

        workbench.finetune = once
        result = trained(compressed, workbench, groups, lasso_of_scales(strength), epochs=3)
        penalties[strength] = seen[0]
        assert result.history == ({"epoch": 3},)
    torch.testing.assert_close(penalties[1.0] - penalties[0.0], before.sign())
    assert not any(parameter._post_accumulate_grad_hooks for parameter in result.network.parameters())
    assert torch.equal(compressed.network.bn.weight, before)


@pytest.mark.parametrize(("epochs", "steps"), [(100, 39_100), (50, 19_550), (7, 21)])
def test_a_term_grows_at_the_first_step_of_an_epoch(epochs, steps, tiny, groups):
    each = steps // epochs
    smallest, name = smallness(tiny), "block.bn1.weight"
    at = [number * each for number in (1, 29, 57, 58) if number < epochs]
    for step in at:
        for where, epoch in ((step, step // each), (step - 1, step // each - 1)):
            term = growing(0.0, 0.01)(tiny, groups, where / steps * epochs)[name]
            expected = epoch * 0.01 * smallest * tiny.block.bn1.weight
            torch.testing.assert_close(term, expected, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("penalty", [lasso_of_scales(0.1), group_norms(0.1, 4), growing(0.1, 0.1)])
def test_frozen_weights_are_left_alone(penalty, compressed, workbench):
    compressed.network.block.conv1.weight.requires_grad_(False)
    compressed.network.block.bn1.weight.requires_grad_(False)
    groups = thinning.prunable(compressed, (), "all")
    finetune = workbench.finetune
    workbench.finetune = lambda network, **options: finetune(
        network, parameters=[one for one in network.parameters() if one.requires_grad], **options
    )
    network = trained(compressed, workbench, groups, penalty, epochs=1).network
    assert torch.equal(network.block.conv1.weight, compressed.network.block.conv1.weight)
    assert not torch.equal(network.block.conv2.weight, compressed.network.block.conv2.weight)
