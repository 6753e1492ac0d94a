from bench.calibrate.scenarios import seeds_and_images
from bench.statistics import intervals


def test_seeds_and_images_cover_and_seeds_alone_would_not(by_what, monkeypatch):
    scenario = seeds_and_images.ThreeMethods("decaying", "plain", 0.6, 0.001, 6, n=60)
    found = by_what(scenario, 60)["mean over seeds, seeds and images"]
    assert found.measured >= 0.85
    without = intervals.seeds_and_images
    monkeypatch.setattr(seeds_and_images, "seeds_and_images", lambda values, _, **__: without(values, None))
    assert by_what(scenario, 60)["mean over seeds, seeds and images"].measured < found.measured - 0.1
