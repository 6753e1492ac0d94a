import numpy as np
import torch

from bench.diagnose.diagnostics.deep_dream import DeepDream
from bench.diagnose.networks import outputs


def test_a_dream_excites_the_last_block_more_than_the_image(networks, probe):
    found = DeepDream(images=3)(networks, probe)
    chosen = found.arrays["images"]
    assert found.arrays["layer"] == "second"
    before = outputs(networks["original"], ["second"], probe.images[chosen])["second"].square().mean((1, 2, 3))
    dreamt = (torch.from_numpy(found.arrays["images.original"]).float() / 255 - 0.5) / 0.25
    after = outputs(networks["original"], ["second"], dreamt)["second"].square().mean((1, 2, 3))
    assert (after > 1.2 * before).all()


def test_a_dream_still_shows_the_image(networks, probe):
    found = DeepDream(images=3, steps=10)(networks, probe)
    np.testing.assert_array_equal(found.arrays["real"], probe.pixels[found.arrays["images"]])
    for place, index in enumerate(found.arrays["images"]):
        dream = found.arrays["images.original"][place].ravel()
        likeness = [np.corrcoef(dream, image.ravel())[0, 1] for image in probe.pixels]
        assert np.argmax(likeness) == index


def test_roles_quantised_dead_and_missing(networks, quantized, dead, probe, assert_same):
    settings = DeepDream(images=2, steps=3)
    found = settings({**networks, "compressed": quantized, "finetune": dead}, probe)
    assert {f"images.{role}" for role in (*networks, "finetune")} < set(found.arrays)
    assert_same(settings({**networks, "compressed": quantized, "finetune": dead}, probe), found)
    flat = settings({"original": networks["original"], "compressed": torch.nn.Flatten()}, probe)
    assert "no module second" in flat.notes[0]
    assert "no original" in settings({"compressed": dead}, probe).notes[0]
