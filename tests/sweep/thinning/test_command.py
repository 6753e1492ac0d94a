"""`python -m bench.sweep.thinning`: resumes, and writes its table."""

import pytest

from bench.sweep.thinning import __main__ as command
from bench.sweep.thinning import record

FIGURES = {
    "parameters": 11_700_000, "keeps": 0.261, "groups": 12, "difference": 5.6e-6, "control": 0.24, "dtype": "float32",
    "seconds": 3.2, "peak_bytes": 2**30,
}  # fmt: skip


@pytest.fixture
def tries(monkeypatch):
    """Networks that were tried, with the size of their images; each works but one."""
    made = []

    def attempt(network, share, size, bounds, by):
        made.append((network, size))
        assert by == "bench.sweep.thinning.equality"
        if network == "vit_b_16":
            return {"state": "refused", "reason": "it is odd"}
        return {"state": "works", **FIGURES}

    monkeypatch.setattr(record, "attempt", attempt)
    return made


def swept(tmp_path, *options):
    arguments = ["--networks", "resnet18", "vit_b_16", "--kept", str(tmp_path / "kept")]
    return command.main([*arguments, "--out", str(tmp_path / "thinning.md"), *options])


def test_a_sweep_resumes(tmp_path, tries):
    assert swept(tmp_path) == 0
    assert tries == [("resnet18", 128), ("vit_b_16", 224)]
    kept = tmp_path / "kept" / record.NAME
    kept.write_text(kept.read_text()[:-20])
    swept(tmp_path)
    assert tries[2:] == [("vit_b_16", 224)]
    swept(tmp_path, "--seconds", "7200")
    assert tries[3:] == [("vit_b_16", 224)]


def test_networks_are_tried_again_when_the_code_changed(tmp_path, tries, monkeypatch):
    swept(tmp_path)
    monkeypatch.setattr(record, "VERSION", record.VERSION + 1)
    swept(tmp_path)
    assert tries[2:] == tries[:2]


def test_the_table(tmp_path, tries):
    swept(tmp_path)
    page = (tmp_path / "thinning.md").read_text()
    assert "without 50% of its channels" in page
    assert "| resnet18 | 11.7 | 12 | 0.261 | 5.6e-06 | 2.4e-01 | float32 | 3 | " in page
    assert "| vit_b_16 | 0.0 | refused: it is odd |" in page
    assert "1 of 80 networks work, 1 are refused, 0 are faults" in page
    assert "Not tried: alexnet" in page


def test_a_network_that_computes_something_else_ends_with_an_exit_code(tmp_path, tries, monkeypatch):
    wrong = {"state": "fault", "reason": "logits differ by 0.1", **FIGURES, "difference": 0.1}
    monkeypatch.setattr(record, "attempt", lambda *_: wrong)
    assert swept(tmp_path) == 1
    assert "1.0e-01 | 2.4e-01 | float32, fault" in (tmp_path / "thinning.md").read_text()


def test_the_smallest_come_first():
    names = command.by_size()
    assert len(names) == 80
    assert names.index("squeezenet1_1") < names.index("resnet18") < names.index("vit_b_16") < names.index("vit_h_14")
