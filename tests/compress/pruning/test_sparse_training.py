"""What all methods share that train a fresh network and end sparse."""

import pytest

from bench.compress import variant
from bench.compress.method import NotApplicable
from bench.compress.methods.k_bit import KBit
from bench.compress.pruning.masking import prunable

METHODS = ["rigl:interval=1", "set:interval=1", "ac-dc", "str:trials=1"]


@pytest.mark.parametrize("label", METHODS)
def test_the_share_of_zeros_is_exact_and_survives_the_file(label, compressed, workbench, through_a_file):
    chain = variant.parse(label)
    result = chain.apply(compressed, workbench)
    weights = prunable(through_a_file(result))
    gone = int(0.8 * sum(w.numel() for w in weights.values()))
    assert sum(int((~mask).sum()) for mask in result.masks.values()) == gone
    # what grows in the very last step is zero as well
    zeros = sum(int((w == 0).sum()) for w in weights.values())
    assert zeros == gone or (zeros > gone and "interval" in label)
    assert all(not weights[name][~mask].any() for name, mask in result.masks.items())
    assert chain.start == "random"
    assert workbench.trained == 1
    assert chain.budget(2, 30).trained == 30


@pytest.mark.parametrize("label", METHODS)
def test_rounded_weights_are_refused(label, compressed, workbench):
    rounded = KBit(4)(compressed, workbench)
    with pytest.raises(NotApplicable, match="prune and train before that"):
        variant.parse(label).stages[0].method(rounded, workbench)


@pytest.mark.parametrize("name", ["rigl", "set"])
def test_masks_move_and_no_layers_density_changes(name, compressed, workbench):
    moving, still = (
        variant.parse(f"{name}:{setting}").apply(compressed, workbench).masks for setting in ("interval=1", "share=0")
    )
    assert any(int((mask != still[layer]).sum()) for layer, mask in moving.items())
    assert {layer: int(mask.sum()) for layer, mask in moving.items()} == {
        layer: int(mask.sum()) for layer, mask in still.items()
    }
