import pytest
import torch

from bench import registry
from bench.compress.method import FinetuningMethod, Method, NotApplicable
from bench.compress.methods.codebook_finetune import CodebookFinetune
from bench.compress.methods.finetune import Finetune
from bench.compress.methods.float16 import Float16
from bench.compress.methods.k_means import KMeans
from bench.compress.methods.magnitude import Magnitude
from bench.compress.variant import PACKAGE

METHODS = [registry.subclass(PACKAGE, name, Method, "method") for name in registry.names(PACKAGE)]
FINETUNING = [method for method in METHODS if method.finetunes]


def test_training_changes_a_copy(compressed, workbench):
    before = compressed.network.fc.weight.clone()
    result = Finetune()(compressed, workbench)
    assert torch.equal(compressed.network.fc.weight, before)
    assert not torch.equal(result.network.fc.weight, before)
    assert len(result.history) == 1
    assert workbench.distilled == 0


def test_zeros_of_the_chain_stay(compressed, workbench):
    pruned = Magnitude(0.8)(compressed, workbench)
    result = Finetune()(pruned, workbench)
    for name, mask in pruned.masks.items():
        assert torch.equal(result.network.get_parameter(name) == 0, ~mask)


@pytest.mark.sampled
@pytest.mark.parametrize("method", FINETUNING, ids=lambda method: method.__name__)
def test_every_method_that_trains_may_listen_to_the_original(method, compressed, workbench):
    assert issubclass(method, FinetuningMethod)
    if method is CodebookFinetune:  # which stands at the end of a chain
        compressed = KMeans(iterations=2)(compressed, workbench)
        workbench.finetuned = 0
    method(distill=True)(compressed, workbench)
    assert workbench.distilled == workbench.finetuned > 0


def test_rounded_weights_are_not_trained_on(compressed, workbench):
    with pytest.raises(NotApplicable, match="stored as float already"):
        Finetune()(Float16()(compressed, workbench), workbench)
