from bench.calibrate.scenarios import seed_equivalents


def test_seed_equivalents_know_their_truth(by_what):
    rows = by_what(seed_equivalents.Ratio(0.7, "pairs", 12), 150)
    assert rows["seed-equivalents, jackknife over seeds"].measured >= 0.88
    assert rows["difference in seed-equivalents, jackknife over seeds"].measured >= 0.88
