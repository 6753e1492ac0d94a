from bench.calibrate.scenarios import methods


def test_equal_methods_are_seldom_told_apart(by_what):
    assert by_what(methods.EqualRanks(4, 6), 200)["Friedman's test"].measured <= 0.1
    assert by_what(methods.Leading(12, 12, 6), 100)["leading set: one of the best left out"].measured <= 0.12
