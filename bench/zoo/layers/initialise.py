"""Fresh weights for a whole network."""

from __future__ import annotations

from torch import nn


def initialise(network: nn.Module) -> None:
    """He-normal convolutions, unit batch norms, a small normal classifier; drawn from the global generator, in place.

    Source: He et al., Delving Deep into Rectifiers (2015), equation 14 (fan out).
    """
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        elif isinstance(module, nn.BatchNorm2d):
            nn.init.ones_(module.weight)
            nn.init.zeros_(module.bias)
        elif isinstance(module, nn.Linear):
            nn.init.normal_(module.weight, std=0.01)
            nn.init.zeros_(module.bias)
