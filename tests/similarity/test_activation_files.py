"""Two files of activations, every measure."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest

from bench.errors import InputError
from bench.similarity import activations
from bench.similarity.activation_files import compare_files, read
from bench.similarity.algebra.basis import basis_of
from bench.similarity.catalog import measure, measures
from bench.similarity.families import canonical
from bench.similarity.measures.cka import CKA

LABELLED, OUTPUTS = {"accuracy-difference", "linear-probe"}, {"accuracy-difference", "churn", "jensen-shannon"}


@pytest.fixture
def files(tmp_path: Path, related):
    def save(**more: tuple[np.ndarray, np.ndarray]) -> tuple[Path, Path]:
        paths = tmp_path / "a.npz", tmp_path / "it's; b.npz"
        for side, path in enumerate(paths):
            np.savez(path, activations=related[side], **{name: both[side] for name, both in more.items()})
        return paths

    return save


def test_every_measure_of_activations_is_a_row_with_an_interval(files, related):
    rows = {row["measure"]: row for row in compare_files(*files())}
    assert set(rows) == set(measures()) - LABELLED - OUTPUTS
    assert not any(row["refused"] for row in rows.values())
    for name, row in rows.items():
        assert row["low"] <= row["value"] <= row["high"], name
        assert row["value"] == measure(name)(*related)
    json.dumps(list(rows.values()), allow_nan=False)


def test_labels_and_logits_add_their_measures(files, rng):
    labels, logits = rng.integers(3, size=80), rng.normal(size=(80, 3))
    everything = files(labels=(labels, labels), logits=(logits, logits + 1.0))
    assert {row["measure"] for row in compare_files(*everything)} == set(measures())


def test_a_measure_that_learns_on_training_images_is_refused(files):
    (row,) = compare_files(*files(), names=["cross-probe"])
    assert "learns on training images" in row["refused"] and row["value"] is None


def test_a_refused_measure_is_a_row_with_the_reason(tmp_path: Path, rng):
    for name in ("a", "b"):
        np.savez(tmp_path / name, activations=rng.normal(size=(20, 30)))
    rows = {row["measure"]: row for row in compare_files(tmp_path / "a.npz", tmp_path / "b.npz")}
    assert "needs n >= 31 images" in rows["pwcca"]["refused"] and rows["pwcca"]["value"] is None
    assert not rows["procrustes"]["refused"]


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"features": np.ones((5, 2))}, "no array 'activations' of shape .* holds features"),
        ({"activations": np.ones((5, 2, 3, 3))}, "pool them"),
        ({"activations": np.ones(5)}, r"one row per image, not \(5,\)"),
        ({"activations": np.array([["a", "b"]] * 5)}, "real numbers"),
        ({"activations": np.ones((5, 0))}, "at least one unit"),
        ({"activations": np.ones((3, 2))}, "at least 4 images"),
        ({"activations": np.full((5, 2), np.inf)}, "10 values are NaN or infinite"),
        (
            {"activations": np.ones((5, 2)), "labels": np.ones(4, int)},
            r"labels: expected one whole number an image, shape \(5,\)",
        ),
        ({"activations": np.ones((5, 2)), "logits": np.ones((4, 2))}, "5 images .* 4"),
    ],
)
def test_an_unusable_file_is_one_sentence_with_its_path(tmp_path: Path, arrays, words):
    np.savez(tmp_path / "bad.npz", **arrays)
    with pytest.raises(InputError, match=words) as caught:
        read(tmp_path / "bad.npz")
    assert "bad.npz" in str(caught.value) and len(caught.value.problems) == 1


def test_what_is_no_npz_file_is_refused(tmp_path: Path):
    with pytest.raises(InputError, match="no such file"):
        read(tmp_path / "missing.npz")
    with pytest.raises(InputError, match="a folder"):
        read(tmp_path)
    (tmp_path / "text.npz").write_text("not an archive")
    with pytest.raises(InputError, match="no NPZ file, or one that was cut off"):
        read(tmp_path / "text.npz")
    np.save(tmp_path / "single.npy", np.ones((5, 2)))
    with pytest.raises(InputError, match="save it by name"):
        read(tmp_path / "single.npy")
    (tmp_path / "empty.npz").write_bytes(b"")
    with pytest.raises(InputError, match="no NPZ file, or one that was cut off"):
        read(tmp_path / "empty.npz")


def header(text: str) -> bytes:
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"text", "not an array of"),
        (header("{'descr': '<f8', 'fortran_order': False, 'shape': (10"), "not a readable NPZ file of plain arrays"),
        (header("{'descr': '<f8', 'fortran_order': False, 'shape': (5, 2)}\n"), "not a readable NPZ file"),
        (header("{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000, 2)}\n"), "do not fit into memory"),
    ],
)
def test_a_damaged_array_is_one_sentence(tmp_path: Path, content: bytes, words: str):
    with zipfile.ZipFile(tmp_path / "bad.npz", "w") as archive:
        archive.writestr("activations.npy", content)
    with pytest.raises(InputError, match=words) as caught:
        read(tmp_path / "bad.npz")
    assert "bad.npz" in str(caught.value) and "\n" not in str(caught.value)


def test_a_damaged_archive_is_one_sentence(tmp_path: Path):
    """Encrypted, and compressed in a way that nobody knows: a flag and a number in both of its headers."""
    np.savez_compressed(tmp_path / "good.npz", activations=np.ones((5, 2)))
    good = (tmp_path / "good.npz").read_bytes()
    for local, central, value in ((6, 8, 1), (8, 10, 77)):
        bad = bytearray(good)
        bad[local] = bad[good.index(b"PK\x01\x02") + central] = value
        (tmp_path / "bad.npz").write_bytes(bytes(bad))
        with pytest.raises(InputError, match="not a readable NPZ file of plain arrays"):
            read(tmp_path / "bad.npz")


def test_a_label_beyond_the_largest_integer_is_shown_as_it_is(tmp_path: Path):
    labels = np.full(5, np.iinfo(np.uint64).max)
    np.savez(tmp_path / "labels.npz", activations=np.ones((5, 2)), labels=labels)
    with pytest.raises(InputError, match="18446744073709551615 is too large for a class"):
        read(tmp_path / "labels.npz")


@pytest.mark.skipif(np.finfo(np.longdouble).maxexp == np.finfo(float).maxexp, reason="no wider floats here")
@pytest.mark.filterwarnings("error")
def test_numbers_beyond_float64_are_refused(tmp_path: Path):
    np.savez(tmp_path / "wide.npz", activations=np.full((5, 2), np.longdouble("1e4000")))
    with pytest.raises(InputError, match="10 values are NaN or infinite"):
        read(tmp_path / "wide.npz")


def test_arrays_of_other_names_do_not_matter(tmp_path: Path):
    np.savez(tmp_path / "both.npz", activations=np.ones((5, 2)), notes=np.array([{"a": 1}], dtype=object))
    assert read(tmp_path / "both.npz").activations.shape == (5, 2)


def test_pickles_are_not_loaded(tmp_path: Path):
    np.savez(tmp_path / "pickled.npz", activations=np.array([{"a": 1}] * 5, dtype=object))
    with pytest.raises(InputError, match="not a readable NPZ file"):
        read(tmp_path / "pickled.npz")


def test_a_truncated_file_is_refused(files):
    path, _ = files()
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(InputError, match="no NPZ file, or one that was cut off"):
        read(path)


def test_unequal_sides_are_refused(tmp_path: Path, files, rng):
    first, _ = files()
    np.savez(tmp_path / "short.npz", activations=rng.normal(size=(79, 3)))
    with pytest.raises(InputError, match=r"80 images .*short.npz 79"):
        compare_files(first, tmp_path / "short.npz")


def test_different_labels_refuse_the_measures_that_need_them(files, rng):
    both = files(labels=(rng.integers(3, size=80), rng.integers(3, size=80)))
    rows = {row["measure"]: row for row in compare_files(*both)}
    assert "hold different labels" in rows["linear-probe"]["refused"]
    assert not rows["cka"]["refused"]


def test_a_measure_that_does_not_fit_into_memory_leaves_the_others(files, monkeypatch):
    def too_large(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(CKA, "compute_on_rows", too_large)
    rows = {row["measure"]: row for row in compare_files(*files(), names=["cka", "procrustes"])}
    assert rows["cka"]["refused"] == "Linear CKA (biased) needs more memory for 80 images than there is."
    assert rows["cka"]["value"] is None and rows["procrustes"]["value"] is not None


def test_measures_of_spaces_share_one_decomposition_a_side(files, monkeypatch):
    found = []

    def counted(x, centre=True):
        found.append(centre)
        return basis_of(x, centre)

    monkeypatch.setattr(canonical, "basis_of", counted)
    monkeypatch.setattr(activations, "LARGEST_PIECE", 0)
    names = ["gulp", "linear-regression-fit", "mean-cca", "pwcca", "svcca", "eigenspace-overlap"]
    compare_files(*files(), names=names)
    assert found == [True, True, False, False]
