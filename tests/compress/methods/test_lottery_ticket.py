import pytest
import torch

from bench.compress.method import NotApplicable
from bench.compress.methods.lottery_ticket import LotteryTicket
from bench.compress.methods.magnitude import Magnitude
from bench.footprint.fold import finish


def without_training(workbench):
    workbench.finetune = lambda network, **options: ()
    return workbench


def test_survivors_of_the_trained_network_are_rewound_to_how_they_began(compressed, workbench):
    result = LotteryTicket(0.8)(compressed, without_training(workbench))
    expected, initial = Magnitude(0.8)(compressed, workbench), workbench.initial().state_dict()
    for name, tensor in result.network.state_dict().items():
        start = initial[name] * expected.masks[name] if name in expected.masks else initial[name]
        assert torch.equal(tensor, start), name


def test_the_ticket_is_trained_with_its_zeros(compressed, workbench, through_a_file):
    result = LotteryTicket(0.8, rounds=2, epochs=5.0)(compressed, workbench)
    assert workbench.epochs_used == [5.0, 5.0]
    for name, mask in result.masks.items():
        weight = result.network.get_parameter(name)
        assert torch.equal(weight == 0, ~mask)
        assert not torch.equal(weight, workbench.initial().get_parameter(name) * mask)
    through_a_file(result)


def test_a_network_of_unknown_beginning_is_refused(compressed, workbench):
    workbench.initial = lambda: None
    with pytest.raises(NotApplicable, match="not trained here"):
        LotteryTicket()(compressed, workbench)


def test_a_network_of_other_layers_is_refused(compressed, workbench):
    with pytest.raises(NotApplicable, match="no longer those"):
        LotteryTicket()(finish(compressed), workbench)
