from dataclasses import replace

import numpy as np
import pytest
import torch

from bench.diagnose.units.painting import Ascent, Palette, ascend, total_variation

CPU = torch.device("cpu")


@pytest.fixture
def palette(probe):
    return Palette.of(probe, CPU)


def reddish(images):
    return images[:, 0].mean((1, 2)) - images[:, 2].mean((1, 2))


def test_total_variation_of_a_ramp_and_of_nothing():
    ramp = torch.arange(4.0)[None, None, None, :].expand(1, 3, 4, 4) * 0.1
    assert total_variation(ramp).item() == pytest.approx(0.1)
    assert total_variation(torch.ones(2, 1, 4, 4)).tolist() == [0.0, 0.0]


def test_paint_and_unpaint_are_inverse(palette, probe):
    pixels = torch.rand(2, 3, 8, 8, generator=torch.Generator().manual_seed(0)) * 0.8 + 0.1
    torch.testing.assert_close(palette.paint(palette.unpaint(pixels)), pixels, rtol=1e-3, atol=1e-4)


def test_no_colour_is_the_mean_colour(palette, probe):
    mean = palette.paint(torch.zeros(1, 3, 1, 1))[0, :, 0, 0]
    np.testing.assert_allclose(mean, probe.pixels.mean((0, 2, 3)) / 255, rtol=1e-4)


def test_colours_are_mixed_as_in_the_images(make_probe):
    probe = make_probe()
    probe.pixels[:, 1:] = probe.pixels[:, :1]  # gray
    mixing = Palette.of(probe, CPU).mixing
    painted = torch.einsum("ij,nj->ni", mixing, torch.randn(20, 3, generator=torch.Generator().manual_seed(0)))
    np.testing.assert_allclose(painted, painted[:, :1].expand(-1, 3), atol=1e-3)


@pytest.mark.parametrize("jitter", [0.0, 0.125])
def test_without_steps_the_start_comes_back(jitter, palette, probe):
    start = torch.from_numpy(probe.pixels[:2]).float() / 255
    ascent = Ascent(steps=0, jitter=jitter)
    found = ascend(reddish, (2, 3, 8, 8), palette, ascent, 0, start)
    np.testing.assert_allclose(found, probe.pixels[:2].clip(6, 249), atol=2)


def test_ascent_finds_a_known_optimum(palette):
    found = ascend(reddish, (2, 3, 8, 8), palette, Ascent(steps=60), 0).astype(float)
    assert (found[:, 0].mean((1, 2)) > found[:, 2].mean((1, 2)) + 60).all()


def test_each_image_is_painted_for_itself(palette):
    def objective(images):
        return reddish(images) * torch.tensor([1.0, -1.0])

    first, second = ascend(objective, (2, 3, 8, 8), palette, Ascent(steps=40), 0).astype(float)
    assert first[0].mean() > first[2].mean() + 30 and second[2].mean() > second[0].mean() + 30


def test_variation_and_blur_smooth(palette):
    weights = torch.randn(1, 3, 8, 8, generator=torch.Generator().manual_seed(3))

    def objective(images):
        return (images * weights).sum((1, 2, 3))

    def roughness(ascent):
        found = ascend(objective, (1, 3, 8, 8), palette, ascent, 0)
        return total_variation(torch.from_numpy(found).float() / 255).item()

    rough = Ascent(steps=40, jitter=0.0, variation=0.0, blur_every=0)
    assert roughness(replace(rough, variation=200.0)) < 0.7 * roughness(rough)
    assert roughness(replace(rough, blur_every=5, blur=0.1)) < 0.9 * roughness(rough)


def test_the_seed_decides(palette):
    def paint(seed):
        return ascend(reddish, (1, 3, 8, 8), palette, Ascent(steps=5), seed)

    np.testing.assert_array_equal(paint(1), paint(1))
    assert (paint(1) != paint(2)).any()


def test_gray_and_constant_images(make_probe):
    probe = make_probe(channels=1)
    palette = Palette.of(probe, CPU)
    found = ascend(lambda x: x.mean((1, 2, 3)), (1, 1, 8, 8), palette, Ascent(steps=40), 0)
    assert found.mean() > probe.pixels.mean() + 25
    probe.pixels[:] = 7
    assert torch.isfinite(Palette.of(probe, CPU).paint(torch.randn(1, 1, 4, 4))).all()
