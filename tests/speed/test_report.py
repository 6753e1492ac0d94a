"""What is measured of a report; how long it takes depends on the machine and is no test."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.errors import InputError
from bench.speed import report


@pytest.mark.slow
def test_processes_of_a_report_are_counted_together(small, tmp_path: Path):
    cost = report.measured(small.write(tmp_path))
    assert cost.seconds > 0 and cost.busy > 0 and cost.memory > 50e6


def test_no_runs_and_no_plan_are_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=r"runs/ has no finished run"):
        report.main()
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="has no report"):
        report.measured(tmp_path / "empty")


def test_a_folders_numbers_are_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys):
    monkeypatch.setattr(report, "measured", lambda folder: report.Expense(12.34, 20.0, 3e8))
    report.main([tmp_path / "digits"])
    printed = capsys.readouterr().out
    assert "12.3 s" in printed and "20.0 s" in printed and "300 MB" in printed and "digits" in printed
