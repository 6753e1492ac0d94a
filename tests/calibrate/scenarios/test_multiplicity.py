from dataclasses import replace

from bench.calibrate.scenarios import multiplicity


def test_tests_without_correction_are_caught(by_what, monkeypatch):
    monkeypatch.setattr(multiplicity, "holm", lambda p: replace(multiplicity.benjamini_hochberg(p), rejected=p <= 0.05))
    row = by_what(multiplicity.ManyTests(8, 0, 6), 300)["Holm: any false claim in the family"]
    assert row.status == "rejects too often"
