import io

from bench.runner.cell import Cell
from bench.runner.drive import Status
from bench.runner.progress import Lines, _clock, for_stream

CELL = Cell("train", "m", 0)


def lines(monkeypatch):
    monkeypatch.setattr("bench.runner.progress.PLAIN_INTERVAL", 0.0)
    stream = io.StringIO()
    return Lines(stream), stream


def test_a_log_gets_plain_lines_with_counts_and_the_running_epoch(monkeypatch):
    reporter, stream = lines(monkeypatch)
    reporter.begin(4, [CELL] * 3)
    reporter.started(CELL)
    reporter.epoch("train/m/0", 3, 9, 0.5)
    reporter.pump()
    reporter.finished(CELL, Status("done"))
    text = stream.getvalue()
    assert "4 cells, 1 there already" in text
    assert "1/4 cells; train/m/0 epoch 3/9, loss 0.500" in text
    assert "2/4 cells, about" in text
    assert "\x1b" not in text


def test_a_failure_is_said_at_once_with_its_reason(monkeypatch):
    reporter, stream = lines(monkeypatch)
    reporter.begin(1, [CELL])
    reporter.finished(CELL, Status("failed", "ValueError: no"))
    assert "failed: train/m/0: ValueError: no" in stream.getvalue()
    assert "1 failed" in stream.getvalue()


def test_no_bar_where_there_is_no_terminal():
    assert isinstance(for_stream(io.StringIO()), Lines)


def test_time_left_goes_by_the_kind_of_cell(monkeypatch):
    now = 0.0
    monkeypatch.setattr("bench.runner.progress.time.monotonic", lambda: now)
    reporter, _ = lines(monkeypatch)
    quick = [Cell("compare", "m", seed) for seed in range(4)]
    reporter.begin(6, [CELL, Cell("train", "m", 1), *quick])
    reporter.started(CELL)
    now = 100.0
    reporter.finished(CELL, Status("done"))
    reporter.started(quick[0])
    now = 101.0
    reporter.finished(quick[0], Status("done"))
    assert reporter.seconds_left == 1 * 100 + 3 * 1


def test_clock():
    assert (_clock(59.6), _clock(3723)) == ("1:00", "1:02:03")
