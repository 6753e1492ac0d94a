from __future__ import annotations

from bench.calibrate import as_text, calibrate


def test_the_table_tells_what_was_measured_and_what_misses(coins, tmp_path):
    rows = calibrate(tmp_path, replications=500)
    text = as_text(rows)
    missing = [line for line in text.splitlines() if "covers too little" in line or "rejects too often" in line]
    assert len(missing) == 2
    assert "interval (nominal 95%)" in text
    assert "test (nominal 5%)" in text
    assert "4 of 6 within their bounds" in text
    assert "100.0% covered where none was" in text
    assert all("500 replications" in line for line in text.splitlines() if line.startswith("  "))


def test_no_rows():
    assert as_text([]).strip().startswith("0 of 0 within")
