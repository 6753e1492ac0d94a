import torch
from torch import nn

from bench.compress.pruning.alternating import Alternating, is_sparse

DENSE, SPARSE = (0, 9.9, 15, 19.9, 65, 75, 84.9), (10, 14.9, 20, 70, 74.9, 85, 99.9)


def test_the_authors_schedule():
    assert not any(is_sparse(epoch / 100) for epoch in DENSE)
    assert all(is_sparse(epoch / 100) for epoch in SPARSE)


def test_the_mask_is_taken_anew_and_weights_come_back():
    layer = nn.Linear(4, 1, bias=False)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([[4.0, 3.0, 2.0, 1.0]]))
    alternating = Alternating(layer, 0.5)
    zeros = []
    with alternating.watching():
        for step in range(100):
            layer.weight.grad = None
            layer.weight.sum().backward()
            with torch.no_grad():
                layer.weight += 0.1 * layer.weight.grad
            alternating.after_step(step, 100)
            zeros.append((layer.weight[0] == 0).tolist())
    none, half = [False] * 4, [False, False, True, True]
    assert [zeros[step] for step in (8, 9, 14, 15, 18, 19, 73, 75, 83, 84, 99)] == [
        *(none, half, half, none, none, half, half, none, none, half, half)
    ]
    assert not layer.weight._post_accumulate_grad_hooks


def test_even_a_short_training_ends_sparse():
    layer = nn.Linear(4, 1, bias=False)
    alternating = Alternating(layer, 0.5)
    for steps in (1, 2, 3):
        for step in range(steps):
            alternating.after_step(step, steps)
        assert int((layer.weight == 0).sum()) == 2
