from __future__ import annotations

import pytest

from bench.analysis.looks import Looks
from bench.analysis.study import Study
from bench.render.kit.rows import NAMES, Network, networks, of_part
from bench.render.kit.table import Datum
from bench.roles import CONTROL, ORIGINAL


def test_methods_come_before_what_they_are_compared_with(study: Study):
    by_model = networks(study)
    assert list(by_model) == ["ResNet-8", "MobileNet-small"]
    for members in by_model.values():
        controls = [net.variant.control for net in members]
        assert controls == sorted(controls)
        assert {net.label for net in members} == {variant.label for variant in study.plan.variants}
        assert [net.role for net in members if net.label == ORIGINAL] == ["original"]


def test_a_network_answers_as_its_study_does(study: Study):
    net = Network(study, "resnet8", study.plan.variant("float16"))
    assert net.mean("test_accuracy") == study.mean("test_accuracy", "resnet8", "float16")
    assert net.difference("churn", CONTROL) == study.difference("churn", "resnet8", "float16", CONTROL)
    assert net.difference("churn", "float16") == Datum()
    assert dict(net.about) == {"model": "resnet8", "variant": "float16", "family": net.variant.family}
    assert [column.datum(net).value for column in NAMES] == ["resnet8", "float16", net.variant.title]


def test_a_hole_is_the_worst_state_of_the_cells_of_a_kind(study_of):
    study = study_of(states={"compare/resnet8/0/float16": "failed"})
    variants = [study.plan.variant("float16")]
    (compressed,), (compared,) = (networks(study, variants, kind)["ResNet-8"] for kind in ("compress", "compare"))
    assert (compressed.hole, compared.hole) == ("", "failed")
    (done,) = networks(study, variants, otherwise="none")["ResNet-8"]
    assert done.hole == "none"


def test_a_diagnostic_that_has_nothing_says_none(study: Study):
    (net,) = networks(Looks(study, "filters"), [study.plan.variant("float16")])["ResNet-8"]
    assert net.hole == "none"


@pytest.mark.parametrize(("number", "datum"), [("2", 4), ("", Datum(hole="–"))])
def test_a_part_that_is_missing_is_the_subjects_hole(number: str, datum: object):
    get = of_part(lambda text: int(text) if text else None, lambda part: 2 * part)
    assert get(number) == datum
