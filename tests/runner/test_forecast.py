"""Hours and disk of a plan, by known speeds."""

import pytest
import torch

from bench import profile
from bench.data import load
from bench.runner import forecast, plan
from bench.runner.forecast import Speed

PROFILE = """
seeds = [0, 1]
[training]
epochs = 3
[finetuning]
epochs = 2
batch_size = 100
[[models]]
name = "resnet8"
[[methods]]
name = "magnitude"
[[methods]]
name = "pca"
"""


@pytest.fixture
def planned(tmp_path):
    (tmp_path / "mine.toml").write_text(PROFILE)
    experiment = profile.load(str(tmp_path / "mine.toml"))
    images = load(**experiment.file.data.model_dump(), cache=tmp_path / "cache")
    return experiment, plan.make(experiment, images.fingerprint).cells, images


def test_hours_are_images_times_their_seconds(planned):
    experiment, cells, images = planned
    chosen = [cell for cell in cells if cell.name in ("train/resnet8/0", "compress/resnet8/1/pca")]
    total = forecast.forecast(experiment, chosen, images, {"resnet8": Speed(1.0, 0.1, 1000, 8)})
    train, validation, test = (len(getattr(images, name).labels) for name in ("train", "validation", "test"))
    trained = 3 * (train // 64) * 64 + 0.1 * 3 * validation
    compressed = 2 * (train // 100) * 100 + 0.1 * (validation + test)
    assert total.hours == pytest.approx((trained + compressed) / 3600)
    assert total.disk_bytes == 2 * 1000 + 4 * 10 * (validation + test)
    assert (total.trainings, total.compressions, total.others) == (1, 1, 0)


def test_methods_that_do_not_train_cost_their_evaluation(planned):
    experiment, cells, images = planned
    chosen = [cell for cell in cells if cell.name == "compress/resnet8/0/magnitude"]
    total = forecast.forecast(experiment, chosen, images, {"resnet8": Speed(1.0, 0.1, 1000, 8)})
    assert total.hours == pytest.approx(0.1 * (len(images.validation.labels) + len(images.test.labels)) / 3600)


def test_hours_are_added_up_by_method_and_their_sum_is_the_whole(planned):
    experiment, cells, images = planned
    chosen = [cell for cell in cells if cell.kind in ("compress", "compare")]
    total = forecast.forecast(experiment, chosen, images, {"resnet8": Speed(1.0, 0.1, 1000, 8)})
    evaluated = len(images.validation.labels) + len(images.test.labels)
    assert total.by_method["magnitude"] == (2, pytest.approx(2 * 0.1 * evaluated / 3600))
    assert sum(hours for _, hours in total.by_method.values()) == pytest.approx(total.hours)
    assert sum(count for count, _ in total.by_method.values()) == total.compressions


def test_comparisons_of_a_model_that_is_not_measured_cost_nothing(planned):
    experiment, cells, images = planned
    compared = [cell for cell in cells if cell.kind == "compare"]
    assert forecast.forecast(experiment, compared, images, {}).hours == 0


def test_measuring_leaves_the_random_state_and_gives_seconds(planned):
    experiment, _, images = planned
    torch.manual_seed(3)
    before = torch.get_rng_state()
    speed = forecast.measure(experiment, images, "resnet8", torch.device("cpu"))
    assert torch.equal(torch.get_rng_state(), before)
    assert speed.trained >= 0
    assert speed.tested > 0
    assert speed.measured == 64  # the model's batch
    assert speed.network_bytes > 4 * 75_000


def test_nothing_is_measured_where_nothing_trains(planned):
    experiment, cells, images = planned
    compared = [cell for cell in cells if cell.kind == "compare"]
    assert not list(forecast.sentences(experiment, compared, images, "cpu"))
