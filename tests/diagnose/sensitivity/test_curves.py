from copy import deepcopy
from dataclasses import replace

import numpy as np
import pytest
import torch

from bench.compress.filters import widths
from bench.compress.method import NotApplicable
from bench.compress.normalization.running_statistics import take_again
from bench.diagnose.sensitivity.curves import curves
from bench.diagnose.sensitivity.levels import KINDS, Levels
from bench.diagnose.sensitivity.records import TOLERATED, Single, tolerated
from bench.diagnose.sensitivity.targets import changed, targets
from bench.footprint.compressed import Compressed
from bench.similarity.measures.debiased_cka import DebiasedCKA

LEVELS = Levels(sparsities=(0.25, 0.5, 0.9), bits=(8, 2), rise=0.05)


@pytest.fixture(scope="module")
def measurements():
    """What several tests look at, once it is measured: the original is the same in each."""
    return []


@pytest.fixture
def measured(original, make_judge, measurements):
    if not measurements:
        measurements.append(curves(original, make_judge(original), LEVELS))
    return measurements[0]


def of(measured, **fields):
    return [p for p in measured.singles if all(getattr(p, name) == value for name, value in fields.items())]


def cross_entropy(logits, labels):
    shifted = logits - logits.max(1, keepdims=True)
    return -(shifted - np.log(np.exp(shifted).sum(1, keepdims=True)))[np.arange(len(labels)), labels].mean()


def test_numbers_are_those_of_the_changed_network(original, measured, images):
    shown = torch.cat([batch for batch, _ in images[1]])
    labels = torch.cat([targets_ for _, targets_ in images[1]]).numpy()
    target = targets(original, "elements")[0]
    network = deepcopy(original.network)
    weight = network.get_parameter(target.weights[0]).data
    weight[weight.abs() <= weight.abs().flatten().sort().values[weight.numel() // 2 - 1]] = 0

    def seen(network):
        kept = []
        handle = network.second.register_forward_hook(lambda module, inputs, output: kept.append(output.mean((2, 3))))
        with torch.no_grad():
            logits = network(shown).double().numpy()
        handle.remove()
        return logits, kept[0].numpy()

    (before, inside), (after, other) = seen(original.network), seen(network)
    (point,) = of(measured, kind="elements", target=target.name, level=0.5, retaken=False)
    assert point.loss == pytest.approx(cross_entropy(after, labels), rel=1e-5)
    assert point.rise == pytest.approx(cross_entropy(after, labels) - cross_entropy(before, labels), abs=1e-5)
    assert point.accuracy == np.mean(after.argmax(1) == labels)
    assert point.agreement == np.mean(after.argmax(1) == before.argmax(1)) < 1
    assert point.similarity == pytest.approx(DebiasedCKA()(inside, other), abs=1e-4)

    take_again(network, images[0])
    (retaken,) = of(measured, kind="elements", target=target.name, level=0.5, retaken=True)
    assert retaken.loss == pytest.approx(cross_entropy(seen(network)[0], labels), rel=1e-5)
    assert retaken.loss != point.loss


def test_the_first_level_is_the_original_bit_for_bit(original, measured, make_judge):
    judged = make_judge(original)(original.network)
    for point in [p for p in measured.singles if p.level in (0.0, 32.0)]:
        assert (point.saved, point.rise) == (0, 0.0)
        if not point.retaken:
            assert (point.loss, point.accuracy, point.agreement) == (judged.loss, judged.accuracy, 1.0)
            assert point.similarity == pytest.approx(1.0)
    assert {p.kind for p in measured.singles if p.rise != 0.0} == set(KINDS)  # and the others are not


def test_measuring_leaves_the_network_as_it_was(original, make_judge):
    before = {name: tensor.clone() for name, tensor in original.network.state_dict().items()}
    momenta = [module.momentum for module in original.network.modules() if hasattr(module, "momentum")]
    curves(original, make_judge(original), replace(LEVELS, sparsities=(0.5,), bits=(2,)))
    after = original.network.state_dict()
    assert list(before) == list(after)
    assert all(torch.equal(tensor, after[name]) for name, tensor in before.items())
    assert [module.momentum for module in original.network.modules() if hasattr(module, "momentum")] == momenta
    assert not original.network.training
    assert all(parameter.requires_grad for parameter in original.network.parameters())


def test_bytes_saved_are_those_of_packed_files_and_grow_with_the_level(original, measured):
    whole = widths.payload(original)
    for kind in KINDS:
        chosen = targets(original, kind)
        for target in chosen:
            points = of(measured, kind=kind, target=target.name, retaken=False)
            saved = [point.saved for point in points]
            assert saved == sorted(saved)
            assert saved[-1] > 0
            for point in points[1:]:
                assert point.saved == whole - widths.payload(changed(original, {target: point.level}))
        joint = next(j for j in measured.joints if (j.kind, j.level) == (kind, points[-1].level))
        assert joint.saved == whole - widths.payload(changed(original, dict.fromkeys(chosen, joint.level)))


def test_filters_that_folding_makes_zero_count_as_in_packed_files(original, make_judge):
    with torch.no_grad():
        original.network.second.bn.weight[:5] = 0.0  # of 12, on the convolution before it alone
    levels = replace(LEVELS, kinds=("elements", "bits"))
    whole = widths.payload(original)
    for point in curves(original, make_judge(original, calibrated=False), levels).singles:
        target = next(t for t in targets(original, point.kind) if t.name == point.target)
        assert point.saved == whole - widths.payload(changed(original, {target: point.level}))


def test_the_joint_loss_stands_beside_the_sum_of_single_ones(measured):
    for retaken in (False, True):
        for kind, level in (("elements", 0.9), ("bits", 2.0)):
            (joint,) = [j for j in measured.joints if (j.kind, j.level, j.retaken) == (kind, level, retaken)]
            singles = of(measured, kind=kind, level=level, retaken=retaken)
            assert joint.sum == pytest.approx(sum(point.rise for point in singles))
            assert joint.targets == len(singles) > 1
            assert joint.rise != pytest.approx(joint.sum, abs=1e-3)


def test_what_is_tolerated_is_changed_together_too(original, measured):
    joints = [j for j in measured.joints if j.level == TOLERATED]
    assert {(j.kind, j.retaken) for j in joints} == {(kind, retaken) for kind in KINDS for retaken in (False, True)}
    for joint in joints:
        chosen = targets(original, joint.kind)
        levels = {
            target: tolerated(of(measured, kind=joint.kind, target=target.name, retaken=joint.retaken), LEVELS.rise)
            for target in chosen
        }
        alone = sum(point.rise for point in levels.values())
        assert joint.sum == pytest.approx(alone)
        network = changed(original, {target: point.level for target, point in levels.items()})
        assert joint.saved == widths.payload(original) - widths.payload(network)


def rises(*values):
    return [
        Single("elements", "layer", 1, 1, float(level), False, 9, level, rise, rise, 0.5, 1.0, 1.0)
        for level, rise in enumerate(values)
    ]


@pytest.mark.parametrize(
    ("values", "level"),
    [
        ((0.0, 0.01, 0.1, 0.2), 2),  # the rise itself is still tolerated
        ((0.0, 0.3, 0.01), 0),  # a dip behind a peak is chance
        ((0.0, -0.2, 0.05), 2),
        ((0.0, None, 0.0), 0),
        ((0.0, float("inf")), 0),
    ],
)
def test_the_harshest_tolerated_level_is_before_the_first_that_is_not(values, level):
    assert tolerated(rises(*values), 0.1).level == level


def test_without_batch_normalisation_nothing_is_taken_again(make_judge):
    network = torch.nn.Sequential()
    network.second = torch.nn.Conv2d(3, 6, 3)
    network.rest = torch.nn.Sequential(torch.nn.ReLU(), torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten())
    network.fc = torch.nn.Linear(6, 4)
    original = Compressed(network.eval(), example=torch.zeros(1, 3, 8, 8))
    measured = curves(original, make_judge(original), LEVELS)
    assert {point.retaken for point in measured.singles} == {False}
    assert [note.partition(":")[0] for note in measured.notes] == ["stream-bits"]


def test_a_network_whose_loss_is_no_number_still_has_its_curve(original, make_judge):
    with torch.no_grad():
        original.network.second.conv.weight[0, 0, 0, 0] = 1e38
    measured = curves(original, make_judge(original, calibrated=False), replace(LEVELS, kinds=("elements",)))
    assert len(measured.singles) == 4 * len(targets(original, "elements"))
    assert {point.similarity for point in measured.singles if point.target == "fc"} == {None}


def test_a_layer_that_cannot_be_changed_is_a_note_and_the_others_are_measured(original, make_judge, monkeypatch):
    def refused(compressed, levels):
        if any(target.name == "second.conv" and level for target, level in levels.items()):
            raise NotApplicable("it counts on the number of its channels")
        return changed(compressed, levels)

    monkeypatch.setattr("bench.diagnose.sensitivity.curves.changed", refused)
    measured = curves(original, make_judge(original), replace(LEVELS, kinds=("channels",)))
    assert measured.notes == ["channels, second.conv: it counts on the number of its channels"]
    assert {point.target for point in measured.singles} == {"first.conv"}
    assert {joint.targets for joint in measured.joints} <= {0, 1}
