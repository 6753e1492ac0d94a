import pytest
import torch

from bench.compress.gradient_hooks import after_gradients


def test_named_gradients_are_changed_before_a_step_and_hooks_end_with_the_block():
    network = torch.nn.Linear(2, 1)
    seen = []

    def double(name, parameter, gradient):
        seen.append((name, parameter is network.weight))
        gradient.mul_(2)

    inputs = torch.tensor([[3.0, 5.0]])
    with after_gradients(network, ["weight"], double):
        network(inputs).sum().backward()
    assert seen == [("weight", True)]
    assert network.weight.grad.tolist() == [[6.0, 10.0]] and network.bias.grad.tolist() == [1.0]
    network.zero_grad()
    network(inputs).sum().backward()
    assert network.weight.grad.tolist() == [[3.0, 5.0]] and len(seen) == 1


def test_hooks_end_after_an_error_too():
    network = torch.nn.Linear(2, 1)
    with pytest.raises(KeyError), after_gradients(network, ["weight"], lambda *_: pytest.fail("called")):
        raise KeyError
    network(torch.ones(1, 2)).sum().backward()
