import json
import subprocess
import sys

import numpy as np
import pytest
import torch

from bench import registry
from bench.deploy import engine, format, measure, network, timing
from bench.errors import InputError

FIGURES = ("median_ms", "lower_quartile_ms", "upper_quartile_ms", "peak_memory_bytes", "network_memory_bytes")


@pytest.fixture(params=registry.names(engine.PACKAGE))
def chosen(request):
    try:
        return request.param, engine.find(request.param)
    except InputError as error:
        pytest.skip(str(error))


@pytest.fixture
def threads():
    before = torch.get_num_threads()
    yield 1
    torch.set_num_threads(before)


def test_an_engine_answers_as_the_packed_network(chosen, packed, tmp_path, threads):
    _, kind = chosen
    file = packed("original")
    exported = format.export(network.read(file.file), kind.format)
    path = format.write(exported, tmp_path / f"network{[*exported.files][-1]}")[-1]
    run = kind.load(path, threads)
    answer = run(file.images[:1].numpy())
    values = answer if isinstance(answer, torch.Tensor) else next(iter(_values(answer)))
    assert np.allclose(np.asarray(values), file.logits[:1].numpy(), atol=1e-4)


def _values(answer):
    return answer if isinstance(answer, list) else answer.values()


def test_a_network_is_measured_in_a_process_of_its_own(chosen, packed):
    name, kind = chosen
    settings = engine.Timing(threads=1, warm_up=1, passes=7, seconds=5)
    result = measure.measure(network.read(packed("original").file), name, kind, settings)
    assert "reason" not in result
    assert (result["passes"], result["threads"], result["batch"], result["warm_up"]) == (7, 1, 1, 1)
    assert all(result[figure] >= 0 for figure in FIGURES)
    assert result["lower_quartile_ms"] <= result["median_ms"] <= result["upper_quartile_ms"]
    assert result["network_memory_bytes"] < result["peak_memory_bytes"]
    assert result["host"] and result["version"] and result["started"]


def test_what_cannot_be_exported_or_run_has_a_reason(packed, tmp_path, monkeypatch):
    class Nothing(engine.Engine):
        title, format, package = "Nothing", "state-dict", "torch"

        def start(self, threads): ...
        def load(self, file, threads): ...

    settings = engine.Timing(warm_up=1, passes=5)
    deployed = network.read(packed("nncf-int8-ptq").file)
    assert "no place for" in measure.measure(deployed, "nothing", Nothing(), settings)["reason"]
    deployed = network.read(packed("original").file)
    assert "unknown engine 'nothing'" in measure.measure(deployed, "nothing", Nothing(), settings)["reason"]
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    (tmp_path / "python").write_text("#!/bin/sh\nkill -9 $$\n")
    (tmp_path / "python").chmod(0o700)
    assert measure.measure(deployed, "pytorch", engine.find("pytorch"), settings)["reason"].endswith("SIGKILL")


def test_passes_end_after_their_time():
    calls = []
    request = timing.Request("pytorch", "", (1, 1, 8, 8), 1, 0, 1000, 0.0)
    nanoseconds = timing._passes(lambda images: calls.append(images), np.zeros((1, 1, 8, 8)), request)
    assert len(nanoseconds) == len(calls) == timing.FEWEST


def test_an_engine_that_is_unknown_or_not_installed_is_one_sentence(monkeypatch):
    with pytest.raises(InputError, match="unknown engine 'pytroch': did you mean 'pytorch'"):
        engine.find("pytroch")
    monkeypatch.setattr(engine, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"openvino needs .* not installed: pip install 'innards\["):
        engine.find("openvino")
    engines, missing = engine.installed()
    assert list(engines) == ["pytorch"] and len(missing) == 2


def test_the_process_of_another_engine_has_no_pytorch_in_it(packed, tmp_path):
    pytest.importorskip("onnxruntime")
    kind = engine.find("onnx-runtime")
    exported = format.export(network.read(packed("original").file), kind.format)
    path = format.write(exported, tmp_path / "network.onnx")[-1]
    request = timing.as_json(timing.Request("onnx-runtime", str(path), (1, 1, 8, 8), 1, 1, 5, 1.0))
    code = (
        "import sys; from bench.deploy import timing; timing.main([sys.argv[1]]); "
        "print([name for name in ('torch', 'nncf', 'openvino_telemetry') if sys.modules.get(name)])"
    )
    ended = subprocess.run([sys.executable, "-c", code, request], capture_output=True, text=True, check=True)
    answer, modules = ended.stdout.strip().splitlines()[-2:]
    assert json.loads(answer)["passes"] == 5 and modules == "[]"
