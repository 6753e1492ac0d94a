from bench.calibrate.scenarios import outputs


def test_wilson_covers_an_accuracy(by_what):
    assert by_what(outputs.TwoNetworks(0.95, 360), 200)["accuracy of one network, Wilson"].measured >= 0.9
