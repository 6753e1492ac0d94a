"""Networks run once for several layers."""

from types import SimpleNamespace

from bench.runner.cells._features import TrainingOutputs


def test_layers_that_run_together_are_run_once_and_may_be_left_out():
    runs = []

    def training(layers, widths):
        for layer in layers:
            runs.append(layer)
            yield layer, [layer]

    outputs = TrainingOutputs(SimpleNamespace(training=training), ["a", "b", "c"], [1, 1, 1])
    assert runs == []
    assert [outputs.of("b"), outputs.of("b"), outputs.of("c")] == [["b"], ["b"], ["c"]]
    assert runs == ["a", "b", "c"]
