"""Six small networks of torchvision under methods of every kind; `make sweep` tries all."""

import pytest
import torch

from bench.sweep import __main__ as sweep
from bench.sweep import bounded, record, single
from bench.sweep.bounded import Bounds
from bench.sweep.pairs import METHODS, classifiers, every_method, model, pairs

NETWORKS = ("alexnet", "densenet121", "mobilenet_v3_small", "mnasnet0_5", "shufflenet_v2_x0_5", "squeezenet1_1")
BOUNDS = Bounds(seconds=120, memory=6 * 2**30)


@pytest.mark.sampled("network")
@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("method", ["li", "svd", "nncf-int8-ptq"])
def test_works_or_is_refused_in_a_sentence(network, method):
    found = bounded.attempt(network, method, 64, BOUNDS)
    assert found["state"] == "works" or "\n" not in found["reason"]
    assert found["state"] != "fault", found["reason"]


def test_all_classifiers_and_methods_are_swept():
    assert len(classifiers()) == 80
    assert len(list(pairs(classifiers(), METHODS))) == 800


def test_every_method_is_swept():
    assert {"magnitude", "gptq", "rigl", "small-dense"} <= set(every_method())


def test_a_network_of_the_zoo_is_taken_where_torchvision_has_none():
    assert (model("resnet18"), model("resnet20")) == ("torchvision:resnet18", "resnet20")
    assert bounded.attempt("resnet8", "bwn", 16, BOUNDS)["state"] == "works"


def test_memory_that_runs_out_is_a_refusal():
    found = bounded.attempt("vgg11", "magnitude", 64, Bounds(seconds=120, memory=2**30))
    assert (found["state"], found["reason"]) == ("refused", "it needs more than 1 GiB of memory")


def test_time_that_runs_out_is_a_refusal():
    found = bounded.attempt("resnet18", "pqf", 64, Bounds(seconds=1, memory=6 * 2**30))
    assert found == {"state": "refused", "reason": "it takes more than 1 seconds on one core"}


def test_an_error_that_is_no_sentence_is_a_fault(monkeypatch):
    def broken(*_):
        raise ZeroDivisionError("by nought")

    monkeypatch.setattr(single, "pack", broken)
    found = single.attempt("torchvision:squeezenet1_1", "magnitude", 64)
    assert found["state"] == "fault"
    assert found["reason"].endswith("ZeroDivisionError: by nought\n")


def test_a_file_that_computes_something_else_is_a_fault(monkeypatch):
    def other(packed, fresh):
        with torch.no_grad():
            next(fresh.parameters()).zero_()
        return fresh

    monkeypatch.setattr(single, "unpack", other)
    found = single.attempt("torchvision:squeezenet1_1", "original", 64)
    assert "outputs of the file read back differ by" in found["reason"]


@pytest.fixture
def tries(monkeypatch):
    """Pairs that were tried; each works."""
    made = []

    def attempt(network, method, size, bounds):
        made.append((network, method))
        if method == "li":
            return {"state": "refused", "reason": f"li does not work on torchvision:{network}: it is odd"}
        figures = {"parameters": 11_000_000, "file_bytes": 7_100_000, "seconds": 3.2, "peak_bytes": 2**30}
        return {"state": "works", **figures}

    monkeypatch.setattr(record, "attempt", attempt)
    return made


def swept(tmp_path, *options):
    arguments = ["--networks", "alexnet", "vgg11", "--methods", "magnitude", "li", "--kept", str(tmp_path / "kept")]
    return sweep.main([*arguments, "--out", str(tmp_path / "sweep.md"), *options])


def test_a_sweep_resumes(tmp_path, tries):
    assert swept(tmp_path) == 0
    assert len(tries) == 4
    kept = tmp_path / "kept" / record.NAME
    lines = kept.read_text().splitlines()
    kept.write_text("\n".join([*lines[:2], lines[2][:20]]))
    assert swept(tmp_path) == 0
    assert tries[4:] == [("vgg11", "magnitude"), ("vgg11", "li")]


def test_refusals_are_tried_again_when_there_is_more_room(tmp_path, tries):
    swept(tmp_path)
    swept(tmp_path, "--seconds", "700")
    assert tries[4:] == [("alexnet", "li"), ("vgg11", "li")]


def test_faults_are_tried_again_and_end_with_an_exit_code(tmp_path, tries, monkeypatch):
    monkeypatch.setattr(record, "attempt", lambda *_: {"state": "fault", "reason": "Traceback\nKeyError: 'x'\n"})
    assert swept(tmp_path) == 1
    assert "fault because KeyError: 'x'" in (tmp_path / "sweep.md").read_text()


def test_the_table(tmp_path, tries):
    swept(tmp_path)
    page = (tmp_path / "sweep.md").read_text()
    assert "| alexnet | 11.0 | 7.1 MB, 3 s, 1.0 GiB | refused |" in page
    assert "| li | 0 | 2 | 0 |" in page
    assert "- vgg11, li: refused because it is odd\n" in page
    assert "4 of 4 pairs of 2 networks and 2 methods" in page


def test_detectors_have_a_page_of_their_own(tmp_path, tries, monkeypatch):
    slow = {"state": "works", "parameters": 44_400_000, "file_bytes": 7_100_000, "seconds": 61.4, "peak_bytes": 2**30}
    monkeypatch.setattr(record, "attempt", lambda *_: slow)
    out = tmp_path / "sweep.md"
    arguments = ["--networks", "torchvision:maskrcnn_resnet50_fpn", "--methods", "k-bit", "--size", "64"]
    assert sweep.main([*arguments, "--kept", str(tmp_path / "kept"), "--out", str(out)]) == 0
    page = out.read_text()
    assert page.startswith("# Every method on detectors\n")
    assert "gives the outputs of all heads" in page
    assert "## Above 60 seconds\n\n- torchvision:maskrcnn_resnet50_fpn, k-bit: 61 s, works\n" in page


@pytest.mark.slow
@pytest.mark.parametrize("method", ["k-bit", "li"])
def test_detectors_are_swept(method):
    assert single.attempt("maskrcnn-resnet18", method, 32)["state"] == "works"


def test_with_more_methods_than_networks_methods_are_rows(tmp_path, tries):
    out = tmp_path / "sweep.md"
    arguments = ["--networks", "resnet20", "alexnet", "--methods", "magnitude", "li", "pca", "--size", "32"]
    sweep.main([*arguments, "--kept", str(tmp_path / "kept"), "--out", str(out)])
    page = out.read_text()
    assert page.startswith("# Every method on networks of every kind\n")
    assert "| method | alexnet, 11.0 M parameters | resnet20, 11.0 M parameters |" in page
    assert "| pca | 7.1 MB, 3 s, 1.0 GiB | 7.1 MB, 3 s, 1.0 GiB |" in page
    assert "| li | refused | refused |" in page
