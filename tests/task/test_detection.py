"""Detection: targets as torchvision's detectors take them, detections kept and scored, and what it refuses."""

import numpy as np
import pytest
import torch

from bench import task
from bench.data import Split
from bench.data.objects import ImageObjects, ObjectArrays, Objects
from bench.errors import InputError
from bench.remember import forget
from bench.task._average_precision import AveragePrecision
from bench.task.detection import Detection
from bench.zoo.networks.build import build

pytest.importorskip("pycocotools")
from bench.data import run_lengths

HEIGHT, WIDTH = 40, 60
A, B, CROWD = [5, 5, 10, 10], [30, 20, 12, 8], [20, 0, 30, 15]


def filled(boxes):
    pixels = np.zeros((len(boxes), HEIGHT, WIDTH), np.uint8)
    for mask, (x, y, width, height) in zip(pixels, boxes):
        mask[y : y + height, x : x + width] = 1
    return pixels


def image(number, boxes, labels, crowds=None, *, masks=True):
    flags = np.array(crowds or [False] * len(boxes), np.bool_)
    array = np.array(boxes, np.float64).reshape(-1, 4)
    texts = tuple(run_lengths.of_pixels(filled(boxes))) if masks else ()
    return ImageObjects(number, (HEIGHT, WIDTH), np.array(labels), array, array[:, 2] * array[:, 3], flags, texts)


def split_of(images):
    count = len(images)
    pixels = np.zeros((count, 3, HEIGHT, WIDTH), np.uint8)
    return Split(pixels, np.zeros(count, np.int64), Objects(ObjectArrays.of(images)))


@pytest.fixture
def split():
    return split_of([image(4, [A, B, CROWD], [1, 2, 1], [False, False, True]), image(2, [A], [2])])


def output(boxes, labels, scores=None, *, masks=True):
    """What torchvision's detectors give of one image."""
    corners = torch.tensor([[x, y, x + w, y + h] for x, y, w, h in boxes], dtype=torch.float32).reshape(-1, 4)
    scores = torch.tensor(scores or [0.9] * len(boxes), dtype=torch.float32)
    given = {"boxes": corners, "labels": torch.tensor(labels, dtype=torch.int64), "scores": scores}
    return {**given, "masks": 0.2 + 0.5 * torch.tensor(filled(boxes))[:, None].float()} if masks else given


PERFECT = [[output([A, B], [1, 2])], [output([A], [2])]]  # two batches of one image


def test_perfect_detections_score_1_of_boxes_and_masks(split):
    predictions = Detection().collect(PERFECT)
    scores = Detection().score(predictions, split)
    assert scores == pytest.approx(dict.fromkeys((f"{k}_{n}" for k in ("box", "mask") for n in (
        "ap", "ap50", "ap75", "ap_small")), 1.0))  # fmt: skip
    assert Detection.primary.metric in scores
    assert all(len(array) == 2 for array in {**predictions, **Detection().truth(split)}.values())


def test_masks_count_only_where_network_and_set_have_them(split):
    boxes = [[output([A, B], [1, 2], masks=False), output([A], [2], masks=False)]]
    assert Detection().score(Detection().collect(boxes), split)["box_ap"] == pytest.approx(1)
    assert "mask_ap" not in Detection().score(Detection().collect(boxes), split)
    without = split_of([image(1, [A], [1], masks=False)])
    assert "mask_ap" not in Detection().score(Detection().collect([[output([A], [1])]]), without)


def test_no_detections_score_0(split):
    scores = Detection().score(Detection().collect([[output([], []), output([], [])]]), split)
    assert (scores["box_ap"], scores["mask_ap"]) == (0, 0)


def test_what_is_no_number_is_no_detection(split):
    broken = output([A, B], [1, 2], [float("nan"), 0.9])
    infinite = output([A], [2])
    infinite["boxes"][0, 0] = float("inf")
    predictions = Detection().collect([[broken, infinite]])
    assert predictions["counts"].tolist() == [1, 0]
    assert predictions["labels"][0].tolist() == [2]


def test_parts_by_image_and_class_have_the_primary_metric_as_their_mean(split):
    predictions = Detection().collect([[output([A], [1]), output([A], [2])]])
    truth = Detection().truth(split)
    whole = Detection().score(predictions, split)["box_ap"]
    assert whole == pytest.approx((1 + 51 / 101) / 2)
    assert Detection().per_image({**predictions, **truth}, {**predictions, **truth}).mean() == pytest.approx(whole)
    of_class = Detection().per_class(predictions, truth)
    assert {label: parts.mean() for label, parts in of_class.items()} == pytest.approx({1: 1, 2: 51 / 101})
    assert Detection().per_image({}, truth) is None


def test_parts_by_image_and_class_are_evaluated_once_and_again_for_other_boxes(split, monkeypatch):
    counted = []
    plain = AveragePrecision.__init__
    monkeypatch.setattr(AveragePrecision, "__init__", lambda *given: (counted.append(1), plain(*given))[0])
    forget()
    goal, truth = Detection(), Detection().truth(split)
    predictions = goal.collect(PERFECT)
    first = goal.per_image(predictions, truth), goal.per_class(dict(predictions), dict(truth))
    assert len(counted) == 1
    moved = {**predictions, "boxes": predictions["boxes"] + np.float32(9)}
    assert goal.per_image(moved, truth).mean() < first[0].mean()
    assert len(counted) == 2


def test_comparison_is_the_compressed_networks_less_the_originals(split):
    roles = {
        "compressed": Detection().collect([[output([A], [1]), output([A], [2])]]),
        "original": Detection().collect(PERFECT),
    }
    compared = Detection().compare(roles, split)
    assert compared["box_ap_difference"] == pytest.approx((51 / 101 - 1) / 2)
    assert compared["mask_ap_difference"] == pytest.approx((51 / 101 - 1) / 2)
    assert compared["original_test_box_ap"] == pytest.approx(1)
    assert {change.metric for change in Detection.changes} >= compared.keys() - {
        "test_box_ap", "original_test_box_ap", "box_ap_difference",
        *(f"mask_{name}_difference" for name in ("ap50", "ap75", "ap_small")),
    }  # fmt: skip


def test_targets_are_corners_and_masks_without_crowds(split):
    first, second = Detection().targets(split, "cpu")[torch.tensor([0, 1])]
    assert first["boxes"].tolist() == [[5, 5, 15, 15], [30, 20, 42, 28]]
    assert first["labels"].tolist() == [1, 2]
    assert torch.equal(first["masks"], torch.tensor(filled([A, B])))
    assert second["boxes"].dtype == torch.float32
    (only,) = Detection().targets(split, "cpu")[torch.tensor([1])]
    assert torch.equal(only["boxes"], second["boxes"])


def test_an_image_without_objects_has_empty_targets():
    (targets,) = Detection().targets(split_of([image(1, [], []), image(2, [A], [1])]), "cpu")[torch.tensor([0])]
    assert (targets["boxes"].shape, targets["labels"].shape, targets["masks"].shape) == (
        (0, 4),
        (0,),
        (0, HEIGHT, WIDTH),
    )


def test_losses_are_the_networks_own_added_up():
    def network(images, targets):
        assert isinstance(images, list)
        return {"boxes": images[0].sum(), "masks": torch.tensor(float(len(targets)))}

    network.modules = list
    outputs = Detection().forward(network, torch.ones(2, 3, 4, 4), [{}, {}])
    assert float(Detection().loss(outputs, None)) == 3 * 16 + 2


def test_a_detector_in_eval_mode_gives_losses_and_stays_as_it_was():
    network = build("maskrcnn-resnet18", 3, 3, 32, seed=0)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    image = torch.rand(1, 3, 40, 50, generator=torch.Generator().manual_seed(0))
    mask = torch.zeros(1, 40, 50, dtype=torch.uint8)
    mask[:, 10:30, 10:40] = 1
    targets = [{"boxes": torch.tensor([[10.0, 10, 40, 30]]), "labels": torch.tensor([1]), "masks": mask}]
    loss = Detection().loss(Detection().forward(network, image, targets), targets)
    loss.backward()
    assert network.backbone.body.conv1.weight.grad.abs().sum() > 0
    assert not any(module.training for module in network.modules())
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())
    Detection().forward(network.train(), image, targets)
    assert all(module.training for module in network.modules())
    assert not torch.equal(
        network.state_dict()["backbone.body.bn1.running_mean"], before["backbone.body.bn1.running_mean"]
    )


def test_difference_is_0_of_the_same_and_1_of_other_objects():
    expected = Detection().collect([[output([A, B], [1, 2], [0.8, 0.4])]])
    moved = Detection().collect([[output([[6, 5, 10, 10], B], [1, 2], [0.8, 0.4])]])
    assert Detection().difference(expected, expected) == 0
    assert Detection().difference(moved, expected) == pytest.approx(1 / 30)
    assert Detection().difference(Detection().collect([[output([A], [1])]]), expected) == 1


@pytest.mark.parametrize(
    ("refused", "said"),
    [
        (lambda d, s: d.imitation_loss(None, None, temperature=1), "has no distillation"),
        (lambda d, s: d.loss({}, None, label_smoothing=0.1), "leave out label_smoothing"),
        (lambda d, s: d.targets(Split(s.images, s.labels), "cpu"), "give a source that has them, e.g. coco:PATH"),
        (lambda d, s: d.score(d.collect([[output([A], [1])]]), split_of([image(1, [], [])])), "AP .* is not defined"),
    ],
)
def test_what_makes_no_sense_is_a_sentence(refused, said, split):
    with pytest.raises(InputError, match=said):
        refused(Detection(), split)


def test_it_is_a_task_by_name():
    assert isinstance(task.task("detection"), Detection)
    assert task.spec("detection") == {"task": {"name": "detection", "version": 1}}
    assert (Detection.primary.name, Detection.primary.running, Detection.primary.best) == ("Box AP", "box AP", "best")
