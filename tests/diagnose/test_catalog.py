import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError

import bench.diagnose
from bench import registry
from bench.diagnose import catalog
from bench.diagnose.diagnostic import Findings, Probe, mean_or_none, spread
from bench.errors import InputError

REFERENCES = (Path(bench.diagnose.__file__).parent / "references.bib").read_text(encoding="utf-8")
QUICK = {"steps": 2, "images": 3, "classes": 2, "channels": 1, "perturbations": 2}


def test_diagnostics_are_found_and_functions_of_predictions_are_none():
    assert {"attributions", "activation-maximization", "corruptions"} <= set(catalog.names())
    assert not {"predictions", "exemplars", "class-effects", "reliability"} & set(catalog.names())


def test_an_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(InputError, match="did you mean 'attributions'"):
        catalog.diagnostic("attribution")


@pytest.mark.parametrize("name", catalog.names())
def test_every_diagnostic_describes_itself(name):
    kind = catalog.diagnostic(name)
    assert kind.title and kind.version >= 1
    assert all(f"{{{key}," in REFERENCES + kind.bibtex for key in registry.sources(kind))
    settings = kind().settings()
    assert TypeAdapter(kind).validate_python(json.loads(json.dumps(settings))) == kind()
    with pytest.raises(ValidationError):
        TypeAdapter(kind).validate_python({"imagse": 3})


@pytest.mark.parametrize("name", catalog.names())
def test_findings_are_ready_to_be_stored(name, networks, probe):
    kind = catalog.diagnostic(name)
    found = kind(**{key: value for key, value in QUICK.items() if key in kind().settings()})(networks, probe)
    assert isinstance(found, Findings)
    json.dumps([found.metrics, found.notes], allow_nan=False)
    assert all(isinstance(value, float | None) for value in found.metrics.values())
    assert all(isinstance(array, np.ndarray) and array.dtype != object for array in found.arrays.values())
    assert kind()({}, probe).metrics == {}


def test_importing_diagnostics_does_not_import_torch():
    code = "import sys; from bench.diagnose import catalog; catalog.names(); assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_spread_covers_sorted_images():
    assert spread(100, 5).tolist() == [0, 24, 49, 74, 99]
    assert spread(3, 10).tolist() == [0, 1, 2]
    assert spread(7, 1).tolist() == [0]


def test_the_probes_fingerprint_is_of_all_of_it(make_probe):
    assert make_probe().fingerprint == make_probe().fingerprint
    others = [make_probe(seed=1), make_probe(n=11), make_probe(layers=("first",))]
    assert len({each.fingerprint for each in (make_probe(), *others)}) == 4
    assert isinstance(make_probe(), Probe)


def test_a_mean_of_nothing_is_none():
    assert mean_or_none(np.array([1.0, np.nan, 3.0])) == 2.0
    assert mean_or_none(np.array([np.nan, np.inf])) is None
