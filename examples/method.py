"""A method of one's own: `examples.method:SoftThreshold` wherever the name of a method can stand."""

from copy import deepcopy
from dataclasses import dataclass
from typing import Annotated, ClassVar

import torch
from pydantic import Field
from torch import nn
from torch.nn import functional

from bench.compress.method import Method
from bench.compress.workbench import Workbench
from bench.footprint.compressed import Compressed


@dataclass(frozen=True)
class SoftThreshold(Method):
    """All weights of a layer shrink by the same amount; smaller ones become zero."""

    amount: Annotated[float, Field(gt=0)] = 0.5  # standard deviations of the layer's weights

    family = "shrinkage"  # of its own: figures give it a marker and a colour
    title = "Soft threshold"
    bibtex = """@article{donoho1995denoising,
      author = {Donoho, David L.}, title = {De-noising by soft-thresholding}, year = {1995},
      journal = {IEEE Transactions on Information Theory}, doi = {10.1109/18.382009}}"""
    searched: ClassVar = {"amount": (0.25, 0.5, 1.0)}

    def __call__(self, compressed: Compressed, workbench: Workbench) -> Compressed:
        network = deepcopy(compressed.network)
        with torch.no_grad():
            for layer in network.modules():
                if isinstance(layer, nn.Conv2d | nn.Linear):
                    threshold = self.amount * layer.weight.std().item()
                    layer.weight.copy_(functional.softshrink(layer.weight, threshold))
        return compressed.but(network=network)
