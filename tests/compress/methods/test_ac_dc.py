from bench.compress.methods.ac_dc import AcDc
from bench.compress.pruning.masking import global_magnitude


def test_the_last_mask_is_that_of_the_largest_weights(compressed, workbench):
    trained = {}

    def train(network, *, after_step):
        after_step(0, 1)  # the only step ends sparse
        trained.update(global_magnitude(compressed.network, 0.6))
        return ()

    workbench.train = train
    masks = AcDc(0.6)(compressed, workbench).masks
    assert all(bool((mask == trained[name]).all()) for name, mask in masks.items())
