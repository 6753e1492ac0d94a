from bench.calibrate.scenarios import jackknife


def test_the_jackknife_covers_and_warns_of_outliers(by_what):
    plain = by_what(jackknife.OneNetwork("decaying", "plain", 0.9, 100), 60)
    heavy = by_what(jackknife.OneNetwork("decaying", "outliers", 0.9, 400), 40)
    assert plain["debiased CKA, jackknife over images"].measured >= 0.85
    assert plain["debiased CKA, jackknife over images"].warned < 0.1
    assert heavy["debiased CKA, jackknife over images"].warned > 0.5
