"""The original is computed once, and nothing that is remembered ever changes what a cell gives."""

import json
from copy import deepcopy
from dataclasses import replace

import numpy as np
import pytest
import torch

from bench import remember
from bench.compress.filters import thinning
from bench.compress.filters.channels import channels
from bench.compress.filters.coupled import order_step, take
from bench.data import ImageSet, Split
from bench.footprint.compressed import Compressed
from bench.footprint.packed import pack
from bench.roles import COMPRESSED, CONTROL, ORIGINAL
from bench.runner.cells import _features, _networks, compare
from bench.runner.cells._files import from_npz, to_npz
from bench.runner.job import Job
from bench.task.classification import CLASSIFICATION

SPEC = {
    "model": "resnet8", "model_version": 1, "seed": 0, "threads": 1, "features": ["pooled", "flattened"],
    "measures": {"debiased-cka": 1, "knn-jaccard": 1, "svcca": 1, "cross-probe": 1, "linear-probe": 1},
    "maps": ["debiased-cka"], "training_images": 50, "training_seed": 0,
}  # fmt: skip
WEIGHTS = {COMPRESSED: 5, ORIGINAL: 1, CONTROL: 2}  # by role, the seed of its weights


def image_set(fingerprint="these"):
    """24 images, the same for the same name."""
    rng = np.random.default_rng(list(fingerprint.encode()))
    train, validation, test = (
        Split(rng.integers(0, 256, (count, 1, 8, 8), dtype=np.uint8), np.arange(count) % 3) for count in (60, 12, 24)
    )
    return ImageSet(
        "noise",
        "Noise",
        ("a", "b", "c"),
        train,
        validation,
        test,
        np.arange(20),
        (0.5,),
        (0.25,),
        fingerprint,
        "content",
    )


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


def arrays_of(files):
    return from_npz(files["similarity.npz"])


def test_the_original_is_computed_once_whatever_is_compared_with_it(tmp_path, memory, computed):
    memory()
    for compressed in (5, 6, 7):
        compare.run(job(tmp_path, {**WEIGHTS, COMPRESSED: compressed}), IMAGES, None)
    assert sorted(computed) == [1, 5, 6, 7]


def test_any_order_of_cells_gives_the_same_bytes(tmp_path, memory):
    works = [
        job(tmp_path, {**WEIGHTS, COMPRESSED: 5}),
        job(tmp_path, {**WEIGHTS, COMPRESSED: 6}),
        job(tmp_path, {COMPRESSED: 2, ORIGINAL: 1}),
        job(tmp_path, {**WEIGHTS, COMPRESSED: 6, ORIGINAL: 3}),
    ]
    alone = [fresh(memory, work) for work in works]
    for order in ([0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1, 2, 0]):
        memory()
        assert all(compare.run(works[at], IMAGES, None) == alone[at] for at in order)


@pytest.mark.parametrize("role", [COMPRESSED, ORIGINAL])
def test_another_network_in_a_role_is_never_taken_for_the_one_before(tmp_path, memory, role):
    other = job(tmp_path, {**WEIGHTS, role: 7})
    expected = fresh(memory, other)
    memory()
    before = compare.run(job(tmp_path), IMAGES, None)
    after = compare.run(other, IMAGES, None)
    assert after == expected
    assert after["similarity.npz"] != before["similarity.npz"]


def test_the_control_counts_for_the_answers_alone(tmp_path, memory):
    files, other = fresh(memory, job(tmp_path)), fresh(memory, job(tmp_path, {**WEIGHTS, CONTROL: 4}))
    assert files["similarity.npz"] == other["similarity.npz"]
    assert files["metrics.json"] != other["metrics.json"]


def test_other_images_or_settings_are_other_results(tmp_path, memory, computed):
    memory()
    compare.run(job(tmp_path), IMAGES, None)
    others = {
        "images": (job(tmp_path), image_set("those")),
        "features": (job(tmp_path, spec={**SPEC, "features": ["pooled"]}), IMAGES),
        "seed": (job(tmp_path, spec={**SPEC, "seed": 1}), IMAGES),
        "version": (job(tmp_path, spec={**SPEC, "model_version": 2}), IMAGES),
        "threads": (job(tmp_path, spec={**SPEC, "threads": 2}), IMAGES),
        "training": (job(tmp_path, spec={**SPEC, "training_seed": 2}), IMAGES),
        "device": (job(tmp_path, device="cpu:0"), IMAGES),
    }
    for work, images in others.values():
        computed.clear()
        compare.run(work, images, None)
        assert sorted(computed) == [1, 5]


@pytest.mark.sampled
@pytest.mark.parametrize("networks", [0, 0.5, 1.5])
def test_a_tiny_bound_is_kept_and_changes_nothing(tmp_path, memory, networks):
    works = [job(tmp_path, {**WEIGHTS, COMPRESSED: compressed}) for compressed in (5, 6, 7)]
    alone = [fresh(memory, work) for work in works]
    plenty = memory()
    compare.run(works[0], IMAGES, None)
    small = memory(int(plenty.bytes * networks))
    for work, files in zip(works, alone):
        assert compare.run(work, IMAGES, None) == files
        assert small.bytes <= small.bound


def test_blocks_that_memory_does_not_hold_together_give_the_same(tmp_path, memory, monkeypatch):
    whole = fresh(memory, job(tmp_path))
    monkeypatch.setattr(compare, "HELD", 1)
    monkeypatch.setattr(_features, "HELD", 1)
    assert fresh(memory, job(tmp_path)) == whole


def test_what_is_remembered_stays_as_it_was_counted(tmp_path, memory):
    remembered = memory()
    compare.run(job(tmp_path), IMAGES, None)
    before = remembered.bytes
    compare.run(job(tmp_path, {**WEIGHTS, COMPRESSED: 6}), IMAGES, None)
    assert remembered.bytes == before
    now = sum(remember.bytes_held((key, result)) for key, (result, _) in remembered._results.items())
    assert now <= 1.05 * before


def test_every_measure_has_its_arrays_in_both_conventions(tmp_path, memory):
    arrays = arrays_of(fresh(memory, job(tmp_path)))
    blocks = len(arrays["layers"])
    for feature in SPEC["features"]:
        for measure in SPEC["measures"]:
            value, low, high = (arrays[f"{feature}/{measure}/{key}"] for key in ("value", "low", "high"))
            assert value.shape == low.shape == high.shape == (blocks,)
            influence = arrays[f"{feature}/{measure}/influence"]
            assert influence.shape == (blocks, 20) and influence.dtype == np.float32
            defined = np.isfinite(value)
            assert (low[defined] <= value[defined]).all() and (value[defined] <= high[defined]).all()
        assert arrays[f"{feature}/cross-probe/right"].shape == (2, blocks, 20)
        assert set(arrays[f"{feature}/cross-probe/kind"]) == {"shared"}
        maps = arrays[f"{feature}/debiased-cka/map"]
        np.testing.assert_array_equal(np.diag(maps), arrays[f"{feature}/debiased-cka/value"])
    assert not any(key.endswith("/map") and "debiased" not in key for key in arrays)


def test_a_probe_s_loss_is_the_difference_of_its_right_answers(tmp_path, memory):
    arrays = arrays_of(fresh(memory, job(tmp_path)))
    original, compressed = arrays["pooled/cross-probe/right"].astype(float)
    np.testing.assert_allclose(arrays["pooled/cross-probe/value"], (original - compressed).mean(1))
    differences = original - compressed
    expected = differences - differences.mean(1, keepdims=True)
    np.testing.assert_allclose(arrays["pooled/cross-probe/influence"], expected, atol=1e-6)


def test_the_same_network_is_identical_by_every_measure(tmp_path, memory):
    files = fresh(memory, job(tmp_path, {**WEIGHTS, COMPRESSED: WEIGHTS[ORIGINAL]}))
    arrays = arrays_of(files)
    assert arrays["identical"].all()
    for feature in SPEC["features"]:
        for measure, best in (("debiased-cka", 1.0), ("knn-jaccard", 1.0), ("cross-probe", 0.0)):
            np.testing.assert_array_equal(arrays[f"{feature}/{measure}/value"], best)
            np.testing.assert_array_equal(arrays[f"{feature}/{measure}/influence"], 0.0)


@pytest.fixture
def reordered(tmp_path):
    """A job whose network computes what the original does, with its channels in another order or without dead ones."""
    spec = {**SPEC, "model": "mobilenet-small", "measures": {"cross-probe": 1, "debiased-cka": 1}}
    network = _networks.fresh(spec, IMAGES, 1).eval()
    example = torch.zeros(1, 1, 8, 8)
    groups = channels(network, example)
    state = network.state_dict()
    for group in groups:
        for name in (follower.name for follower in group.followers):
            if name.endswith(("weight", "bias")) and state[name].ndim == 1:
                state[name][::4] = 0.0  # shift and scale of the normalisation before a ReLU: the channel is dead
    original = Compressed(network, example=example)

    def alive(network, group, count):
        return torch.tensor([channel for channel in range(group.count) if channel % 4])

    def backwards():
        other = deepcopy(network)
        for group in groups:
            for name, values in take(other, group, torch.arange(group.count).flip(0)).items():
                other.state_dict()[name].copy_(values)
        return other

    def make(how, recorded=True):
        if how == "thinner":
            count = [(group, group.count - len(range(0, group.count, 4))) for group in groups]
            changed = thinning.thinned(original, count, alive)
        else:
            order = [(group, range(group.count - 1, -1, -1)) for group in groups]
            changed = Compressed(backwards(), structure=(order_step(order),))
        if not recorded:
            changed = changed.but(
                structure=tuple(step for step in changed.structure if step["kind"] != "channel-order")
            )
        parents = {role: dict(FILES[seed]) for role, seed in WEIGHTS.items()}
        for role, of_role in ((ORIGINAL, original), (COMPRESSED, changed)):
            parents[role]["network.innards"] = pack(of_role, {"name": "mobilenet-small"})
        return Job("compare", "compare", spec, parents, {}, {}, tmp_path, "cpu")

    return make


@pytest.mark.parametrize("how", ["thinner", "backwards"])
def test_channels_are_put_back_where_they_were(reordered, memory, how):
    arrays = arrays_of(fresh(memory, reordered(how)))
    assert not arrays["identical"].any()
    for feature in SPEC["features"]:
        assert set(arrays[f"{feature}/cross-probe/kind"]) == {"shared"}
        original, compressed = arrays[f"{feature}/cross-probe/right"]
        np.testing.assert_array_equal(original, compressed)
        np.testing.assert_allclose(arrays[f"{feature}/debiased-cka/value"], 1.0, atol=1e-4)


def test_without_an_index_a_probe_is_retrained_where_channels_are_gone(reordered, memory):
    arrays = arrays_of(fresh(memory, reordered("thinner", recorded=False)))
    assert set(arrays["pooled/cross-probe/kind"]) == {"retrained"}
    assert (np.abs(arrays["pooled/cross-probe/value"]) < 0.5).all()


def test_a_refusal_has_its_sentence_and_leaves_the_others_alone(tmp_path, memory):
    files = fresh(memory, job(tmp_path))
    arrays, notes = arrays_of(files), json.loads(files["notes.json"])
    refused = np.isnan(arrays["flattened/svcca/value"])
    assert refused.all() and np.isnan(arrays["flattened/svcca/influence"]).all()
    assert set(notes["flattened/svcca"]) == set(arrays["layers"])
    assert all("needs n >=" in sentence for sentence in notes["flattened/svcca"].values())
    assert np.isfinite(arrays["flattened/debiased-cka/value"]).all()


def test_a_task_without_classes_refuses_what_needs_them_and_computes_the_rest(tmp_path, memory, monkeypatch):
    monkeypatch.setattr(CLASSIFICATION.__class__, "classifies", False)
    files = fresh(memory, job(tmp_path))
    arrays, notes = arrays_of(files), json.loads(files["notes.json"])
    for measure in ("cross-probe", "linear-probe"):
        assert np.isnan(arrays[f"pooled/{measure}/value"]).all()
        assert all("images of known classes" in sentence for sentence in notes[f"pooled/{measure}"].values())
    assert np.isfinite(arrays["pooled/debiased-cka/value"]).all()


def test_a_guest_has_a_map_and_its_error_is_its_refusal(tmp_path, memory, monkeypatch):
    (tmp_path / "compare_guest.py").write_text(
        "from dataclasses import dataclass\n"
        "from examples.measure import SpectrumCosine\n"
        "@dataclass(frozen=True)\n"
        "class Broken(SpectrumCosine):\n"
        "    def prepare(self, side):\n"
        "        raise ZeroDivisionError('early')\n"
        "    def compute(self, x, y):\n"
        "        raise ZeroDivisionError('late')\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    good, bad = "examples.measure:SpectrumCosine", "compare_guest:Broken"
    spec = {**SPEC, "measures": {good: 1, bad: 1, "debiased-cka": 1}, "maps": [good, bad]}
    files = fresh(memory, job(tmp_path, spec=spec))
    arrays, notes = arrays_of(files), json.loads(files["notes.json"])
    assert np.isfinite(arrays[f"pooled/{good}/map"]).all()
    assert np.isnan(arrays[f"pooled/{bad}/value"]).all() and np.isnan(arrays[f"pooled/{bad}/map"]).all()
    assert all("ZeroDivisionError: late" in sentence for sentence in notes[f"pooled/{bad}"].values())
    assert "late" in notes[f"pooled/{bad}/map"]["all"]


def test_activations_that_are_no_numbers_are_refused_block_by_block(tmp_path, memory):
    network = _networks.fresh(SPEC, IMAGES, 5)
    network.layer3[0].bn2.weight.data[0] = float("nan")
    broken = {**FILES[5], "network.innards": pack(Compressed(network), {"name": "resnet8"})}
    work = job(tmp_path)
    files = fresh(memory, replace(work, parents={**work.parents, COMPRESSED: broken}))
    arrays, notes = arrays_of(files), json.loads(files["notes.json"])
    for measure in SPEC["measures"]:
        assert np.isnan(arrays[f"pooled/{measure}/value"][-1])
        assert "NaN" in notes[f"pooled/{measure}"]["layer3.0"]
    assert np.isfinite(arrays["pooled/debiased-cka/value"][:-1]).all()
