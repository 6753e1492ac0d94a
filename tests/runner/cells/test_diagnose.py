"""What a diagnostic returns is checked before it is kept."""

import numpy as np
import pytest

from bench.diagnose.diagnostic import Findings
from bench.runner.cells import diagnose


@pytest.mark.parametrize(
    ("findings", "problem"),
    [
        ({"sharpness.original": 1.0}, "must return bench.diagnose.diagnostic.Findings, it returned a dict"),
        (Findings({"sharpness.original": "high"}), "numbers as metrics, its 'sharpness.original' is a str"),
        (Findings({"parameters": 10**400}), "its 'parameters' is too large for one"),
        (Findings({3: 1.0}), "must name each metric by a text, it named one 3"),
        (Findings(arrays={"edges": np.array([None])}), "numbers, booleans or text, its 'edges' holds objects"),
        (Findings(notes="one sentence"), "must return its notes as a list of sentences"),
    ],
)
def test_what_cannot_be_kept_is_one_sentence(findings, problem):
    assert diagnose._problem(findings).endswith(problem)


def test_numbers_of_numpy_are_as_good_as_pythons():
    metrics = {"a": np.float32(0.5), "b": np.int64(3), "c": np.bool_(True), "d": None, "e": 2}
    assert not diagnose._problem(Findings(metrics, {"half": np.zeros(2, np.float16)}, ["a note"]))
    assert diagnose._plain(metrics) == {"a": 0.5, "b": 3, "c": True, "d": None, "e": 2}
