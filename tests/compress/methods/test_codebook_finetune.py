import numpy as np
import pytest
import torch

from bench.compress.codebooks import renormalised
from bench.compress.method import NotApplicable
from bench.compress.methods.codebook_finetune import CodebookFinetune
from bench.compress.variant import parse
from bench.footprint.compressed import Compressed
from bench.footprint.fold import merge


@pytest.fixture
def quantised(compressed, workbench):
    result = parse("pqf:words=8,iterations=2,swaps=10").apply(compressed, workbench)
    workbench.finetuned = 0
    return result


def codes(result):
    return {name: stored.codes for name, stored in result.representations.items()}


def test_without_training_it_computes_the_same(quantised, workbench):
    workbench.finetune = lambda network, **_: ()
    images = next(workbench.batches(16))[0]
    result = CodebookFinetune()(quantised, workbench)
    assert torch.allclose(result.network(images), quantised.network(images), atol=1e-5)


def test_words_are_trained_and_codes_stay(quantised, workbench, through_a_file):
    result = CodebookFinetune(epochs=3)(quantised, workbench)
    assert workbench.epochs_used[-1] == 3
    before, after = codes(quantised), codes(result)
    assert before.keys() == after.keys()
    assert all(np.array_equal(before[name], after[name]) for name in before)
    assert any(
        not np.array_equal(stored.codebook, result.representations[name].codebook)
        for name, stored in quantised.representations.items()
    )
    images = next(workbench.batches(16))[0]
    assert torch.equal(through_a_file(result)(images), result.network(images))


def test_pruned_words_stay_zero(compressed, workbench):
    pruned = parse("deep-compression").apply(compressed, workbench)
    result = CodebookFinetune()(pruned, workbench)
    for name, stored in pruned.representations.items():
        zeros = stored.decode() == 0
        assert zeros.any()
        assert not result.representations[name].decode()[zeros].any()


def test_normalisation_has_the_statistics_of_training_images(tiny, workbench):
    images = [batch for batch, _ in workbench.batches(64)]
    read = []
    merged = merge(Compressed(tiny, example=workbench.example)).network
    merged.bn.register_forward_pre_hook(lambda module, inputs: read.append(inputs[0]))
    network, names = renormalised.with_batchnorm(merged, images)
    assert sorted(names) == ["block.bn1", "block.bn2", "bn"]
    values = torch.cat(read[:1]).double()
    assert torch.allclose(network.bn.running_mean.double(), values.mean((0, 2, 3)), atol=1e-5)
    assert torch.allclose(network.bn.running_var.double(), values.var((0, 2, 3), correction=0), rtol=1e-4)


@pytest.mark.parametrize(
    ("before", "sentence"),
    [("original", "none of its weights"), ("k-bit", "which other values would not fit")],
)
def test_what_has_no_codebooks_is_refused(before, sentence, compressed, workbench):
    made = parse(before).apply(compressed, workbench)
    with pytest.raises(NotApplicable, match=sentence):
        CodebookFinetune()(made, workbench)
