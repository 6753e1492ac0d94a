import numpy as np
import pytest
import torch

from bench.diagnose.diagnostics.attributions import Attributions

EVERYTHING = ("integrated-gradients", "grad-cam", "saliency", "smoothgrad", "occlusion", "guided-backprop")


@pytest.mark.parametrize("method", EVERYTHING)
def test_the_same_network_agrees_exactly_and_a_random_one_far_less(method, networks, probe):
    found = Attributions((method,), images=12, steps=4)(networks, probe)
    for agreement in ("spearman", "top_overlap"):
        assert found.metrics[f"{method}.{agreement}.compressed"] == 1.0
        assert found.metrics[f"{method}.{agreement}.random-weights"] < 0.7
    assert found.notes == []


def test_every_image_and_picture_is_there(networks, probe):
    found = Attributions(("integrated-gradients",), images=8, pictures=3, steps=4)(networks, probe)
    assert found.arrays["images"].tolist() == [0, 1, 3, 4, 6, 7, 9, 11]
    assert found.arrays["shown"].tolist() == [0, 3, 7]
    np.testing.assert_array_equal(found.arrays["real"], probe.pixels[[0, 4, 11]])
    for role in networks:
        assert found.arrays[f"integrated-gradients.spearman.{role}"].shape == (8,)
        assert found.arrays[f"integrated-gradients.map.{role}"].shape == (3, 8, 8)
        assert found.arrays[f"integrated-gradients.map.{role}"].dtype == np.float16
    with torch.no_grad():
        answers = networks["original"](probe.images).argmax(1).numpy()
    np.testing.assert_array_equal(found.arrays["targets"], answers[found.arrays["images"]])


def test_the_mean_is_over_images(networks, probe):
    found = Attributions(("saliency",), images=12)(networks, probe)
    values = found.arrays["saliency.spearman.other-seed"]
    assert found.metrics["saliency.spearman.other-seed"] == pytest.approx(values.mean(dtype=float))


def test_a_quantised_network_is_explained_with_and_without_its_quantisers(networks, quantized, probe):
    found = Attributions(images=12, steps=4)({**networks, "compressed": quantized}, probe)
    for method in ("integrated-gradients", "grad-cam"):
        plain, bypassed = (found.metrics[f"{method}.spearman.compressed{tail}"] for tail in ("", "-bypassed"))
        assert found.metrics[f"{method}.spearman.other-seed"] < plain <= bypassed < 1.0


def test_missing_roles_are_skipped(networks, probe):
    found = Attributions(("saliency",))({"original": networks["original"]}, probe)
    assert set(found.metrics) == {
        "saliency.blank.original",
        "saliency.spearman.original",
        "saliency.top_overlap.original",
    }
    assert Attributions()({"compressed": networks["compressed"]}, probe).metrics == {}
    assert "no original" in Attributions()({"compressed": networks["compressed"]}, probe).notes[0]


def test_a_dead_network_has_notes_instead_of_numbers(networks, dead, probe):
    found = Attributions(EVERYTHING, images=6, steps=4)({**networks, "compressed": dead}, probe)
    for method in EVERYTHING:
        assert found.metrics[f"{method}.spearman.compressed"] is None
        assert found.metrics[f"{method}.blank.compressed"] == 6
        assert any(note.startswith(f"{method}.map.compressed: 6 of 6") for note in found.notes)
    assert all(np.isfinite(found.arrays[f"{method}.map.compressed"]).all() for method in EVERYTHING)


def test_a_method_that_raises_is_noted_and_has_no_number(networks, probe):
    found = Attributions(("lrp", "saliency"), images=4)(networks, probe)
    assert any(note.startswith("lrp of compressed: ") for note in found.notes)
    assert not any(name.startswith("lrp") for name in found.metrics)
    assert found.metrics["saliency.spearman.compressed"] == 1.0


def test_grad_cam_needs_maps(make_network, make_probe):
    found = Attributions(("grad-cam",))({"original": make_network()}, make_probe(size=1))
    assert found.metrics == {} and "more than one position" in found.notes[0]


def test_same_bytes_again_whoever_came_before(networks, make_network, probe, assert_same):
    from bench.remember import forget

    first = Attributions(EVERYTHING, images=4, steps=4)(networks, probe)
    assert_same(Attributions(EVERYTHING, images=4, steps=4)(networks, probe), first)
    forget()
    again = {"original": make_network(0), "compressed": make_network(0), "other-seed": make_network(1)}
    assert_same(Attributions(EVERYTHING, images=4, steps=4)({**again, "random-weights": make_network(2)}, probe), first)
