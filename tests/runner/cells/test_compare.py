"""References are computed once, and nothing that is remembered ever changes what a cell gives."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from bench import remember
from bench.data import Split
from bench.footprint.compressed import Compressed
from bench.footprint.packed import pack
from bench.roles import COMPRESSED, CONTROL, ORIGINAL, OTHER_SEED, RANDOM
from bench.runner.cells import _networks, compare
from bench.runner.cells._files import from_npz, to_npz
from bench.runner.job import Job

SPEC = {"model": "resnet8", "model_version": 1, "seed": 0, "threads": 1, "features": ["pooled", "flattened"]}
WEIGHTS = {COMPRESSED: 5, ORIGINAL: 1, CONTROL: 2, OTHER_SEED: 3, RANDOM: 4}  # by role, the seed of its weights


def image_set(fingerprint="these"):
    """24 images, the same for the same name."""
    rng = np.random.default_rng(list(fingerprint.encode()))
    test = Split(rng.integers(0, 256, (24, 1, 8, 8), dtype=np.uint8), rng.integers(0, 3, 24))
    return SimpleNamespace(
        test=test, probe=np.arange(20), mean=(0.5,), std=(0.25,), channels=1, classes=("a", "b", "c"), size=8,
        fingerprint=fingerprint,
    )  # fmt: skip


IMAGES = image_set()


def files_of(seed):
    network = _networks.fresh(SPEC, IMAGES, seed)
    logits = np.random.default_rng(seed).normal(size=(24, 3)).astype(np.float32)
    return {
        "network.innards": pack(Compressed(network), {"name": "resnet8"}),
        "predictions.npz": to_npz({"test_logits": logits}),
    }


FILES = {seed: files_of(seed) for seed in range(1, 8)}


def job(tmp_path, weights=WEIGHTS, **changes):
    parents = {role: dict(FILES[seed]) for role, seed in weights.items()}
    return replace(Job("compare", "compare/resnet8/0/v", SPEC, parents, {}, {}, tmp_path, "cpu"), **changes)


@pytest.fixture
def memory(monkeypatch):
    """An empty memory, of the bound that the test gives."""

    def of(bound=remember.BOUND):
        memory = remember.Memory(bound)
        monkeypatch.setattr(compare, "once", memory.once)
        return memory

    return of


@pytest.fixture
def computed(monkeypatch):
    """Which packed files were decoded, by the seed of their weights, in order."""
    seeds, decode = [], _networks.compressed

    def counted(spec, images, files):
        seeds.append(
            next(seed for seed, known in FILES.items() if known["network.innards"] == files["network.innards"])
        )
        return decode(spec, images, files)

    monkeypatch.setattr(_networks, "compressed", counted)
    return seeds


def fresh(memory, work, images=IMAGES):
    """A cell's files where nothing is remembered."""
    memory()
    return compare.run(work, images, None)


def test_references_are_computed_once_whatever_is_compared_with_them(tmp_path, memory, computed):
    memory()
    for compressed in (5, 6, 7):
        compare.run(job(tmp_path, {**WEIGHTS, COMPRESSED: compressed}), IMAGES, None)
    assert sorted(computed) == [1, 2, 3, 4, 5, 6, 7]


def test_a_control_that_is_compared_itself_is_known_already(tmp_path, memory, computed):
    memory()
    compare.run(job(tmp_path), IMAGES, None)
    control = {role: seed for role, seed in WEIGHTS.items() if role != CONTROL}
    compare.run(job(tmp_path, {**control, COMPRESSED: WEIGHTS[CONTROL]}), IMAGES, None)
    assert len(computed) == 5


def test_any_order_of_cells_gives_the_same_bytes(tmp_path, memory):
    works = [
        job(tmp_path, {**WEIGHTS, COMPRESSED: 5}),
        job(tmp_path, {**WEIGHTS, COMPRESSED: 6}),
        job(tmp_path, {COMPRESSED: 2, ORIGINAL: 1, OTHER_SEED: 3, RANDOM: 4}),
        job(tmp_path, {**WEIGHTS, COMPRESSED: 6, ORIGINAL: 3, OTHER_SEED: 1}),
    ]
    alone = [fresh(memory, work) for work in works]
    for order in ([0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1, 2, 0]):
        memory()
        assert all(compare.run(works[at], IMAGES, None) == alone[at] for at in order)


@pytest.mark.parametrize("role", WEIGHTS)
def test_another_network_in_a_role_is_never_taken_for_the_one_before(tmp_path, memory, role):
    other = job(tmp_path, {**WEIGHTS, role: 7})
    expected = fresh(memory, other)
    memory()
    before = compare.run(job(tmp_path), IMAGES, None)
    after = compare.run(other, IMAGES, None)
    assert after == expected
    assert after["similarity.npz"] != before["similarity.npz"]


def test_swapped_roles_swap_results(tmp_path, memory):
    memory()
    straight = from_npz(compare.run(job(tmp_path), IMAGES, None)["similarity.npz"])
    swapped = job(tmp_path, {**WEIGHTS, ORIGINAL: WEIGHTS[RANDOM], RANDOM: WEIGHTS[ORIGINAL]})
    crossed = from_npz(compare.run(swapped, IMAGES, None)["similarity.npz"])
    assert (straight["pooled.original.value"] != straight["pooled.random-weights.value"]).any()
    np.testing.assert_array_equal(straight["pooled.original.value"], crossed["pooled.random-weights.value"])
    np.testing.assert_array_equal(straight["pooled.random-weights.value"], crossed["pooled.original.value"])


def test_other_images_or_settings_are_other_results(tmp_path, memory, computed):
    memory()
    compare.run(job(tmp_path), IMAGES, None)
    others = {
        "images": (job(tmp_path), image_set("those")),
        "features": (job(tmp_path, spec={**SPEC, "features": ["pooled"]}), IMAGES),
        "seed": (job(tmp_path, spec={**SPEC, "seed": 1}), IMAGES),
        "version": (job(tmp_path, spec={**SPEC, "model_version": 2}), IMAGES),
        "threads": (job(tmp_path, spec={**SPEC, "threads": 2}), IMAGES),
        "device": (job(tmp_path, device="cpu:0"), IMAGES),
    }
    for work, images in others.values():
        computed.clear()
        compare.run(work, images, None)
        assert len(computed) == 5


def test_other_images_give_other_bytes(tmp_path, memory):
    expected = fresh(memory, job(tmp_path), image_set("those"))
    memory()
    before = compare.run(job(tmp_path), IMAGES, None)
    assert before != expected == compare.run(job(tmp_path), image_set("those"), None)


@pytest.mark.parametrize("networks", [0, 0.5, 1.5, 2.5])
def test_a_tiny_bound_is_kept_and_changes_nothing(tmp_path, memory, computed, networks):
    works = [job(tmp_path, {**WEIGHTS, COMPRESSED: compressed}) for compressed in (5, 6, 7)]
    alone = [fresh(memory, work) for work in works]
    plenty = memory()
    compare.run(works[0], IMAGES, None)
    bound = int(plenty.bytes / 4 * networks)
    computed.clear()
    small = memory(bound)
    for work, files in zip(works, alone):
        assert compare.run(work, IMAGES, None) == files
        assert small.bytes <= bound
    assert len(computed) <= 15


def test_what_is_remembered_is_not_written_to(tmp_path, memory):
    remembered = memory()
    compare.run(job(tmp_path), IMAGES, None)
    grams = [found for found, _ in remembered._results.values() if isinstance(found, dict)]
    assert len(grams) == 4
    for by_feature in grams:
        for of_feature in by_feature.values():
            for array in (*of_feature.strips, of_feature.self_products):
                array.flags.writeable = False
    compare.run(job(tmp_path), IMAGES, None)
