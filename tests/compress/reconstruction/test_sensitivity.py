import pytest
import torch
from torch import nn

from bench.compress.method import NotApplicable
from bench.compress.reconstruction import sensitivity


class Regression:
    """Squared error of a linear network, whose Hessian is known: 2 XᵀX / n for each output."""

    seed = 0

    def __init__(self, white=False):
        generator = torch.Generator().manual_seed(0)
        inputs = torch.randn(32, 6, generator=generator) * torch.tensor([0.1, 0.5, 1, 1, 2, 3])
        inputs = inputs + torch.randn(32, 1, generator=generator)
        self.inputs = torch.linalg.qr(inputs).Q * torch.arange(1, 7) if white else inputs

    def batches(self, images, batch_size=128):
        yield self.inputs, torch.zeros(32, 4)

    def loss(self, network, images, targets):
        return (network(images) - targets).square().sum(1).mean()

    @property
    def trace(self):
        return 4 * 2 * float(self.inputs.square().sum()) / 32


def test_a_diagonal_hessian_has_its_trace_at_the_first_draw():
    network, bench = nn.Linear(6, 4), Regression(white=True)
    found = sensitivity.traces(network, ["weight"], bench, draws=1, images=32)
    assert found["weight"] == pytest.approx(bench.trace, rel=1e-4)


def test_the_mean_of_draws_is_the_trace():
    network, bench = nn.Linear(6, 4), Regression()
    found = sensitivity.traces(network, ["weight"], bench, draws=400, images=32)
    hessian = 2 * bench.inputs.T @ bench.inputs / 32
    # variance of vᵀHv for signs is 2 Σ_{i≠j} H_ij², for each of the 4 outputs
    spread = (4 * 2 * float((hessian - torch.diag(hessian.diagonal())).square().sum()) / 400) ** 0.5
    assert abs(found["weight"] - bench.trace) < 4 * spread
    one = sensitivity.traces(network, ["weight"], bench, draws=1, images=32)
    assert abs(one["weight"] - bench.trace) > 1e-3 * bench.trace


def test_layers_have_the_traces_of_their_own_blocks(tiny, workbench):
    """Against the exact diagonal of the classifier's and the first layer's Hessians, entry by entry."""
    images, targets = next(workbench.batches(32))
    name = "fc.weight"
    weight = tiny.get_parameter(name)
    gradient = torch.autograd.grad(workbench.loss(tiny, images, targets), weight, create_graph=True)[0].flatten()
    exact = sum(
        float(torch.autograd.grad(gradient[index], weight, retain_graph=True)[0].flatten()[index])
        for index in range(weight.numel())
    )
    found = sensitivity.traces(tiny, ["conv.weight", name], workbench, draws=60, images=32)
    assert found[name] == pytest.approx(exact, rel=0.3)
    assert all(parameter.grad is None for parameter in tiny.parameters())


@pytest.mark.parametrize(("draws", "images"), [(3, 100), (50, 100), (2, 8)])
def test_every_image_has_its_part(draws, images, tiny, workbench):
    seen, loss = [], workbench.loss

    def counted(network, batch, targets):
        seen.append(batch)
        return loss(network, batch, targets)

    workbench.loss = counted
    sensitivity.traces(tiny, ["fc.weight"], workbench, draws=draws, images=images)
    assert len(seen) == draws
    assert len(torch.cat(seen).unique(dim=0)) == images


def test_the_loss_rises_as_much_as_it_does_and_weights_come_back():
    network, bench = nn.Linear(6, 4, bias=False), Regression()
    before = network.weight.detach().clone()
    others = [before.clone(), torch.zeros(4, 6)]
    same, gone = sensitivity.rises(network, {"weight": others}, bench, images=32)["weight"]
    assert same == 0
    assert gone == pytest.approx(-float(bench.loss(network, bench.inputs, 0).detach()), rel=1e-5)
    assert torch.equal(network.weight, before)


def test_frozen_weights_have_their_traces_and_stay_frozen(tiny, workbench):
    names = ["conv.weight", "block.conv1.weight", "fc.weight"]
    learnable = sensitivity.traces(tiny, names, workbench, draws=3, images=32)
    for frozen in (["conv.weight"], names):
        for name, parameter in tiny.named_parameters():
            parameter.requires_grad_(name not in frozen)
        assert sensitivity.traces(tiny, names, workbench, draws=3, images=32) == pytest.approx(learnable, rel=1e-5)
        assert [name for name, parameter in tiny.named_parameters() if not parameter.requires_grad] == frozen


class Product(torch.autograd.Function):
    """A linear layer whose gradient autograd cannot derive again."""

    @staticmethod
    def forward(context, inputs, weight):
        context.save_for_backward(inputs)
        return inputs @ weight.T

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(context, slope):
        (inputs,) = context.saved_tensors
        return None, slope.T @ inputs


class Linear(nn.Linear):
    def __init__(self, forward):
        super().__init__(6, 4)
        self.function = forward

    def forward(self, inputs):
        return self.function(inputs, self.weight)


@pytest.mark.parametrize(
    ("forward", "reason"),
    [
        (Product.apply, "no second derivatives that PyTorch can compute"),
        (lambda inputs, weight: (inputs @ weight.T).detach(), "no gradient with respect to any weight"),
    ],
)
def test_a_loss_without_derivatives_is_refused(forward, reason):
    with pytest.raises(NotApplicable, match=reason):
        sensitivity.traces(Linear(forward), ["weight"], Regression(), draws=1, images=32)


def test_weights_that_bend_no_loss_have_no_trace():
    class Sloped(Regression):
        def loss(self, network, images, targets):
            return network(images).mean()

    assert sensitivity.traces(nn.Linear(6, 4), ["weight"], Sloped(), draws=2, images=32) == {"weight": 0}

    class Idle(nn.Linear):
        def forward(self, inputs):
            return super().forward(inputs) + 0 * self.unused.weight.detach().sum()

    idle = Idle(6, 4)
    idle.unused = nn.Linear(2, 2)
    names = ["unused.weight", "weight"]
    assert sensitivity.traces(idle, names, Regression(), draws=2, images=32)["unused.weight"] == 0
