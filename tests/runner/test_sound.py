"""A mutation of every stored file: `run`, `status` and the report call the same cells damaged."""

from __future__ import annotations

import io
import json
import shutil
import zipfile
from contextlib import suppress

import numpy as np
import pytest

from bench.analysis.results import gathered
from bench.analysis.results import load as results_of
from bench.folders import Damaged, checksum
from bench.runner.drive import standing
from bench.runner.plan_file import read
from bench.runner.sound import PIECE, check_arrays, read_array, read_arrays
from bench.runner.store import Store, to_json
from tests.looked import Looked

LABEL = "nncf-int8-ptq"


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    from tests.invented import VARIANTS, Runs

    variants = tuple(
        variant for variant in VARIANTS if variant.family in ("original", "control") or variant.label == LABEL
    )
    folder = Runs(models=("resnet8",), seeds=(0, 1), variants=variants).write(tmp_path_factory.mktemp("runs"))
    return Looked(chosen=("attributions",), asked=(LABEL,)).add(folder)


@pytest.fixture
def folder(whole, tmp_path):
    return shutil.copytree(whole, tmp_path / whole.name)


def keys(folder, kind):
    return [cell.key for cell in read(folder).cells if (cell.kind, cell.variant) in ((kind, LABEL), (kind, ""))]


def damaged(folder):
    """Keys of damaged cells, which all readers agree on."""
    plan, store = read(folder), Store(folder)
    states = {key for key, status in standing(plan.cells, store).items() if status.state == "damaged"}
    cells = gathered(plan, store).cells
    assert set(cells[cells["state"] == "damaged"]["key"]) == states
    return states


def seal(folder, name, content):
    """Put content in a cell's file, with a checksum that holds."""
    (folder / name).write_bytes(content)
    sums = json.loads((folder / "checksums.json").read_bytes()) | {name: checksum(content)}
    (folder / "checksums.json").write_bytes(to_json(sums))


def npz(**arrays):
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()


def stored(**arrays):
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def test_whole_cells_are_sound(folder):
    assert damaged(folder) == set()
    assert results_of(folder).count("done") == len(read(folder).cells)


FILES = [
    ("train", name) for name in ("network.safetensors", "metrics.json", "history.json", "spec.json", "provenance.json")
] + [
    ("compress", "predictions.npz"), ("compress", "layers.json"), ("compress", "network.innards"),
    ("compare", "similarity.npz"), ("compare", "checksums.json"),
    ("diagnose", "arrays.npz"), ("diagnose", "notes.json"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "name"), FILES)
@pytest.mark.parametrize("position", [0.4, 1.0])
def test_a_wrong_byte_anywhere(folder, kind, name, position):
    key = keys(folder, kind)[0]
    content = bytearray((folder / key / name).read_bytes())
    content[int(position * (len(content) - 1))] ^= 1
    (folder / key / name).write_bytes(content)
    assert damaged(folder) == {key}


@pytest.mark.parametrize(("kind", "name"), FILES)
def test_a_lost_file(folder, kind, name):
    key = keys(folder, kind)[0]
    (folder / key / name).unlink()
    assert damaged(folder) == {key}


METRICS = [
    b"", b"{}", b"[]", b"null", b"3", b'{"payload_bytes": "12", "file_bytes": 1}',
    b'{"payload_bytes": 1e400, "file_bytes": 1}', b'{"payload_bytes": NaN, "file_bytes": 1}',
    b'{"payload_bytes": [1], "file_bytes": 1}', b"[" * 100_000,
    b'{"payload_bytes": 1' + 400 * b"0" + b', "file_bytes": 1}',
]  # fmt: skip


@pytest.mark.parametrize("content", METRICS, ids=range(len(METRICS)))
def test_sealed_metrics_that_are_none(folder, content):
    key = keys(folder, "compress")[0]
    seal(folder / key, "metrics.json", content)
    assert damaged(folder) == {key}


@pytest.mark.parametrize(
    ("kind", "name", "content"),
    [
        ("compare", "similarity.npz", b""),
        ("compare", "similarity.npz", npz()),
        ("compare", "similarity.npz", npz(layers=np.array([], "U1"))),
        ("compare", "similarity.npz", npz(other=np.ones(3))),
        ("compress", "predictions.npz", b""),
        ("compress", "predictions.npz", b"PK"),
        ("diagnose", "arrays.npz", b"\x93NUMPY"),
        ("diagnose", "notes.json", b'"a"'),
        ("train", "history.json", b'{"loss": 1}'),
        ("train", "history.json", b'[{"loss": 1e999}]'),
        ("compress", "layers.json", b"[1]"),
        ("train", "spec.json", b"{}"),
        ("train", "spec.json", b"[]"),
        ("train", "error.json", b"{}"),
        ("train", "error.json", b'{"kind": "tired", "reason": "no"}'),
        ("train", "error.json", b'{"kind": "failed"}'),
    ],
)
def test_sealed_files_that_hold_nothing(folder, kind, name, content):
    key = keys(folder, kind)[0]
    seal(folder / key, name, content)
    assert damaged(folder) == {key}


@pytest.mark.parametrize(("kind", "name"), [("compress", "predictions.npz"), ("compare", "similarity.npz")])
@pytest.mark.parametrize("sealed", [False, True])
@pytest.mark.parametrize("packed", [False, True])
def test_flipped_bytes_of_an_archive(folder, kind, name, sealed, packed):
    """Whatever was flipped, the archive is damaged or as good as before: no reader meets anything else."""
    key = keys(folder, kind)[0]
    store, cell = Store(folder), next(cell for cell in read(folder).cells if cell.key == key)
    whole = store.arrays(key, name)
    content = npz(**whole) if packed else stored(**whole)
    random = np.random.default_rng(0)
    inside = random.integers(100, content.index(b"PK\x01\x02"), 20)  # the data of arrays
    listed = random.integers(len(content) - 400, len(content), 20)
    for position in (*inside, *listed):
        spoilt = bytearray(content)
        spoilt[position] ^= random.integers(1, 256)
        (folder / key / name).write_bytes(spoilt)
        if sealed:
            seal(folder / key, name, bytes(spoilt))
        try:
            store.examine(cell, {})
        except Damaged:
            with suppress(Damaged):  # what ends here ends in no other way
                store.arrays(key, name)
            continue
        assert sealed
        for array, found in store.arrays(key, name).items():
            np.testing.assert_array_equal(found, whole[array])


@pytest.mark.parametrize(("kind", "name"), [("compress", "predictions.npz"), ("compare", "similarity.npz")])
def test_a_spoilt_archive_is_a_damaged_cell_in_the_report(folder, kind, name):
    key = keys(folder, kind)[0]
    content = bytearray((folder / key / name).read_bytes())
    content[len(content) // 2] ^= 255
    seal(folder / key, name, bytes(content))
    assert damaged(folder) == {key}


def test_an_error_that_was_laid_beside_a_result(folder):
    key = keys(folder, "train")[0]
    (folder / key / "error.json").write_text("{}")
    assert damaged(folder) == {key}
    assert Store(folder).error(key) is None


@pytest.mark.parametrize("kind", ["train", "compress", "compare", "diagnose"])
def test_two_swapped_folders(folder, kind):
    first, second = keys(folder, kind)[:2]
    (folder / first).rename(folder / "aside")
    (folder / second).rename(folder / first)
    (folder / "aside").rename(folder / second)
    assert damaged(folder) == {first, second}


def test_a_plan_whose_keys_were_swapped(folder):
    first, second = keys(folder, "compress")[:2]
    text = (folder / "plan.json").read_text()
    (folder / "plan.json").write_text(text.replace(first, "x").replace(second, first).replace("x", second))
    assert {first, second} <= damaged(folder)


def test_a_label_that_was_written_otherwise_is_the_same_cell(folder):
    text = (folder / "plan.json").read_text()
    (folder / "plan.json").write_text(text.replace(f'"variant": "{LABEL}"', '"variant": "nncf-int8-ptq:bits=8"'))
    assert damaged(folder) == set()


def test_provenance_of_older_versions_has_no_seal(folder):
    key = keys(folder, "train")[0]
    made = Store(folder).provenance(key)
    (folder / key / "provenance.json").write_bytes(to_json(made))
    assert damaged(folder) == set()
    (folder / key / "provenance.json").write_bytes(to_json(made)[:-9])
    with pytest.raises(Damaged):
        Store(folder).provenance(key)


def test_checksums_that_name_files_elsewhere(folder):
    first, second = keys(folder, "train")[:2]
    sums = json.loads((folder / first / "checksums.json").read_bytes())
    sums[f"../{second}/metrics.json"] = sums["metrics.json"]
    (folder / first / "checksums.json").write_bytes(to_json(sums))
    assert damaged(folder) == {first}


ARRAYS = [
    np.arange(6.0).reshape(2, 3),
    np.asfortranarray(np.arange(24, dtype=np.int32).reshape(2, 3, 4)),
    np.arange(5, dtype=">i4"),
    np.array(["stem", "é"]),
    np.array([""]),
    np.zeros((0, 3), np.float32),
    np.array(True),
]


@pytest.mark.parametrize("array", ARRAYS, ids=lambda array: f"{array.dtype}{array.shape}")
def test_an_array_is_read_as_numpy_reads_it(array):
    content = io.BytesIO()
    np.save(content, array)
    expected = np.load(io.BytesIO(content.getvalue()))
    for _ in range(2):  # its header is parsed once
        found = read_array(content.getvalue())
        assert found.dtype == expected.dtype and found.shape == expected.shape and found.flags.writeable
        assert np.isfortran(found) == np.isfortran(expected) and (found == expected).all()
        found[...] = found.dtype.type()


def test_no_array_is_made_of_objects_or_of_too_few_bytes():
    objects, numbers = io.BytesIO(), io.BytesIO()
    np.save(objects, np.array([{}], dtype=object), allow_pickle=True)
    np.save(numbers, np.arange(9))
    for content in (objects.getvalue(), numbers.getvalue()[:-1], numbers.getvalue()[:20], b"\x93NUMPY\x09\x00"):
        with pytest.raises(ValueError):
            read_array(content)


@pytest.mark.parametrize("packed", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2], ids=["", "z", "bz2"])
@pytest.mark.parametrize("streamed", [False, True])
def test_archives_are_read_as_numpy_reads_them(packed, streamed):
    arrays = {"small": np.linspace(0, 1, 6).reshape(2, 3), "große/é": np.arange(PIECE // 8), "none": np.zeros((0, 2))}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", packed) as archive:
        for name, array in arrays.items():
            content = io.BytesIO()
            np.save(content, array)
            if streamed:  # by a writer that cannot go back, so that lengths and checksums stand behind the bytes
                with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                    member.write(content.getvalue())
            else:
                archive.writestr(f"{name}.npy", content.getvalue(), packed)
    whole = buffer.getvalue()
    check_arrays("arrays.npz", whole)
    with np.load(io.BytesIO(whole)) as expected:
        found = read_arrays(whole)
        assert list(found) == expected.files and list(read_arrays(whole, ["none", "of these"])) == ["none"]
        for name, array in found.items():
            np.testing.assert_array_equal(array, expected[name])
    spoilt = bytearray(whole)
    spoilt[len(spoilt) // 2] ^= 1  # within the large array
    with pytest.raises(Damaged, match="cannot be read"):
        check_arrays("arrays.npz", bytes(spoilt))
