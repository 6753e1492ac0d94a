import pytest
import torch
from torch import nn

from bench.compress.method import NotApplicable
from bench.compress.reconstruction.importance import importances
from bench.footprint.fold import finish

IMAGES = 150  # of the workbench, in two batches of unequal size


def by_hand(tail, maps, labels):
    """Squared slopes of each image's own loss, one image at a time."""
    squares = []
    for image, label in zip(maps, labels, strict=True):
        image = image[None].detach().requires_grad_(True)
        loss = nn.functional.cross_entropy(tail(image), label[None])
        squares.append(torch.autograd.grad(loss, image)[0].square())
    squares = torch.cat(squares)
    return squares / squares.mean()


@pytest.fixture
def folded(compressed):
    return finish(compressed).network


def test_they_are_the_squared_slopes_of_single_losses_with_mean_one(folded, workbench):
    images, labels = (torch.cat(parts) for parts in zip(*workbench.batches(IMAGES), strict=True))
    found = importances(folded, ["conv", "block", "fc"], workbench, images=IMAGES)

    def after_block(maps):
        return folded.fc(folded.pool(maps).flatten(1))

    with torch.no_grad():
        stem = torch.relu(folded.conv(images))
        block = folded.block(stem)
        logits = after_block(block)
    # the stem's are those after its activation, so they need not vanish where that is zero
    torch.testing.assert_close(found["conv"], by_hand(lambda maps: after_block(folded.block(maps)), stem, labels))
    assert found["conv"][stem == 0].any()
    torch.testing.assert_close(found["block"], by_hand(after_block, block, labels))
    torch.testing.assert_close(found["fc"], by_hand(lambda maps: maps, logits, labels))
    assert all(parameter.grad is None for parameter in folded.parameters())
    assert not any(module._forward_hooks for module in folded.modules())


def test_frozen_weights_do_not_matter(folded, workbench):
    free = importances(folded, ["conv", "block"], workbench, images=16)
    folded.requires_grad_(False)
    frozen = importances(folded, ["conv", "block"], workbench, images=16)
    assert all(torch.equal(frozen[name], each) for name, each in free.items())


def test_functions_may_work_in_place(folded, workbench):
    plain = importances(folded, ["conv", "block"], workbench, images=16)
    for module in folded.modules():
        if isinstance(module, nn.ReLU):
            module.inplace = True
    inplace = importances(folded, ["conv", "block"], workbench, images=16)
    for name, each in plain.items():
        torch.testing.assert_close(inplace[name], each)


def test_a_loss_that_minds_nothing_weighs_all_alike(folded, workbench):
    with torch.no_grad():
        folded.fc.weight.zero_()
    assert (importances(folded, ["block"], workbench, images=16)["block"] == 1).all()


def test_a_loss_without_slope_or_with_an_infinite_one_is_refused(folded, workbench):
    with pytest.raises(NotApplicable, match="the slope of the loss at the output of block is not finite"):
        workbench.loss = lambda network, images, targets: (0 * network(images)).sqrt().mean()
        importances(folded, ["block"], workbench, images=16)
    with pytest.raises(NotApplicable, match="the loss has no gradient with respect to outputs"):
        workbench.loss = lambda network, images, targets: network(images).detach().mean()
        importances(folded, ["block"], workbench, images=16)
