"""Families of networks that only timm has, under NNCF: one step of 8 bits away from float, never something else."""

from __future__ import annotations

import pytest
import torch

from bench.compress.variant import parse
from bench.compress.without_data import WithoutData
from bench.footprint.compressed import Compressed
from bench.footprint.packed import pack, unpack
from bench.zoo.networks.build import build

pytest.importorskip("timm")


@pytest.mark.sampled
@pytest.mark.parametrize("family", ["convnext_atto", "vit_tiny_patch16_224", "res2net50_14w_8s", "repvgg_a0"])
def test_what_nncf_makes_of_it_is_close_to_float(family):
    name = f"timm:{family}"
    network = build(name, 3, 10, 32, seed=0)
    images = torch.randn(8, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    workbench = WithoutData(name, 3, 10, 32)
    result = parse("nncf-int8-ptq").apply(Compressed(network, example=workbench.example), workbench)
    packed = unpack(pack(result, {"name": name}), build(name, 3, 10, 32, seed=0)).eval()
    with torch.no_grad():
        expected, logits = network(images), packed(images)
    correlation = torch.corrcoef(torch.stack([expected.flatten(), logits.flatten()]))[0, 1]
    assert correlation > 0.9
