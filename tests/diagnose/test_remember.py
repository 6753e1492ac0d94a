import copy

import torch
from torch import nn

from bench.diagnose import remember as memory
from bench.diagnose.remember import fingerprint, once


def test_computed_once_until_forgotten():
    calls = []
    for _ in range(3):
        assert once("key", lambda: calls.append(1) or 7) == 7
    assert len(calls) == 1
    memory.forget()
    once("key", lambda: calls.append(1))
    assert len(calls) == 2


def test_the_oldest_is_forgotten_first(monkeypatch):
    monkeypatch.setattr(memory, "KEPT", 2)
    for key in ("a", "b", "a", "c"):
        once(key, lambda key=key: key)
    assert once("a", lambda: "computed again") == "a"
    assert once("b", lambda: "computed again") == "computed again"


def test_copies_are_the_same_network(make_network):
    assert fingerprint(make_network(0)) == fingerprint(copy.deepcopy(make_network(0)))


def test_everything_that_changes_what_is_computed_changes_the_fingerprint(make_network):
    def weight(network):
        network.fc.weight.data[0, 0] += 1e-6

    def buffer(network):
        network.first.bn.running_mean[0] += 1e-6

    def epsilon(network):
        network.first.bn.eps = 1e-3

    def stride(network):
        network.first.conv.stride = (2, 2)

    def kind(network):
        network.first.relu = nn.ReLU6()

    def own_setting(network):
        network.threshold = 0.5

    def mode(network):
        network.train()

    changed = []
    for change in (weight, buffer, epsilon, stride, kind, own_setting, mode):
        network = make_network(0)
        change(network)
        changed.append(fingerprint(network))
    assert len({fingerprint(make_network(0)), *changed}) == 8


def test_running_a_network_does_not_change_its_fingerprint(make_network, probe, quantized):
    for network in (make_network(0), quantized):
        before = fingerprint(network)
        with torch.no_grad():
            network(probe.images)
        assert fingerprint(network) == before


def test_half_precision_and_scalars():
    network = nn.Linear(2, 2).bfloat16()
    network.register_buffer("steps", torch.tensor(3))
    before = fingerprint(network)
    network.steps += 1
    assert fingerprint(network) != before
