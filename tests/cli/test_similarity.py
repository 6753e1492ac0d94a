import json

import numpy as np
import pytest

from bench.cli import main


@pytest.fixture
def two_mixtures(tmp_path):
    """Files of 24 and 40 units that mix the same 12 numbers an image, in the precision that is asked for."""

    def save(precision):
        rng = np.random.default_rng(0)
        shared = rng.normal(size=(300, 12))
        paths = []
        for units in (24, 40):
            paths.append(str(tmp_path / f"{units} units.npz"))
            np.savez(paths[-1], activations=(shared @ rng.normal(size=(12, units))).astype(precision))
        return paths

    return save


@pytest.mark.parametrize(("precision", "near"), [("float16", 1e-2), ("float32", 1e-5)])
def test_rounding_is_no_direction(two_mixtures, capsys, precision, near):
    assert main(["similarity", *two_mixtures(precision), "--json"]) == 0
    found = {row["measure"]: row["value"] for row in json.loads(capsys.readouterr().out)}
    assert found["mean-cca"] == pytest.approx(1, abs=near)
    assert found["pwcca"] == pytest.approx(1, abs=near)
    assert found["gulp"] == pytest.approx(0, abs=100 * near)
    assert found["eigenspace-overlap"] == pytest.approx(12 / 40, abs=near)


def test_a_file_that_cannot_be_read_is_one_sentence(two_mixtures, tmp_path, capsys):
    (tmp_path / "bad.npz").write_text("no archive")
    assert main(["similarity", two_mixtures("float32")[0], str(tmp_path / "bad.npz")]) == 2
    told = capsys.readouterr()
    assert not told.out
    assert "bad.npz: no NPZ file" in told.err and told.err.count("\n") == 1
