from bench.compress.methods.rigl import Rigl
from bench.compress.pruning import moving


def test_weights_grow_by_the_gradient():
    assert Rigl().growth(0) is moving.by_gradient


def test_the_published_settings_are_the_default():
    assert Rigl().settings() == {
        "sparsity": 0.8,
        "allocation": "erk",
        "interval": 100,
        "share": 0.3,
        "until": 0.75,
    }
