"""Tiny networks whose feature maps are concatenated, or lie with their channels last; and channels set to zero."""

from copy import deepcopy

import torch
from torch import nn


class DenseBlock(nn.Module):
    """Layers that read all maps before them, behind a normalisation of their own, as in DenseNet."""

    def __init__(self, growth=4):
        super().__init__()
        self.stem = nn.Conv2d(3, 6, 3, padding=1, bias=False)
        self.norms = nn.ModuleList(nn.BatchNorm2d(6 + growth * layer) for layer in range(3))
        self.convs = nn.ModuleList(nn.Conv2d(6 + growth * at, growth, 3, padding=1, bias=False) for at in range(3))
        self.last = nn.BatchNorm2d(6 + 3 * growth)
        self.head = nn.Linear(6 + 3 * growth, 4)

    def forward(self, images):
        maps = [self.stem(images)]
        for norm, conv in zip(self.norms, self.convs):
            maps.append(conv(norm(torch.cat(maps, 1)).relu()))
        return self.head(self.last(torch.cat(maps, 1)).relu().mean((2, 3)))


class Fire(nn.Module):
    """Two widths of kernels side by side, twice, without normalisation, as in SqueezeNet."""

    def __init__(self):
        super().__init__()
        self.squeeze = nn.ModuleList([nn.Conv2d(3, 4, 1), nn.Conv2d(14, 4, 1)])
        self.narrow = nn.ModuleList([nn.Conv2d(4, 6, 1), nn.Conv2d(4, 6, 1)])
        self.wide = nn.ModuleList([nn.Conv2d(4, 8, 3, padding=1), nn.Conv2d(4, 8, 3, padding=1)])
        self.head = nn.Conv2d(14, 4, 1)

    def forward(self, x):
        for squeeze, narrow, wide in zip(self.squeeze, self.narrow, self.wide):
            x = squeeze(x).relu()
            x = nn.functional.max_pool2d(torch.cat([narrow(x).relu(), wide(x).relu()], 1), 2)
        return self.head(x).mean((2, 3))


class Inception(nn.Module):
    """Branches of several depths and one of pooling; the maps are flattened, and each channel has several inputs."""

    def __init__(self):
        super().__init__()
        self.stem, self.stem_norm = nn.Conv2d(3, 6, 3, padding=1), nn.BatchNorm2d(6)
        self.one, self.reduce, self.three = nn.Conv2d(6, 4, 1), nn.Conv2d(6, 6, 1), nn.Conv2d(6, 8, 3, padding=1)
        self.pooled, self.norm = nn.Conv2d(6, 2, 1), nn.BatchNorm2d(20)
        self.head = nn.Linear(20 * 16, 4)

    def forward(self, images):
        stem = self.stem_norm(self.stem(images)).relu()
        pooled = self.pooled(nn.functional.max_pool2d(stem, 3, 1, 1))
        maps = torch.cat([self.one(stem), self.three(self.reduce(stem).relu()), pooled, stem], 1)
        return self.head(nn.functional.avg_pool2d(self.norm(maps).relu(), 2).flatten(1))


class Depthwise(nn.Module):
    """A depthwise convolution and its normalisation over concatenated maps."""

    def __init__(self):
        super().__init__()
        self.left, self.right = nn.Conv2d(3, 4, 1), nn.Conv2d(3, 6, 1)
        self.depthwise, self.norm = nn.Conv2d(10, 10, 3, padding=1, groups=10), nn.BatchNorm2d(10)
        self.head = nn.Conv2d(10, 4, 1)

    def forward(self, images):
        maps = torch.cat([self.left(images), self.right(images).relu()], 1)
        return self.head(self.norm(self.depthwise(maps)).relu()).mean((2, 3))


class ConvNext(nn.Module):
    """A stream under layer normalisation, with a linear layer to hidden channels and back, on maps (n, H, W, C)."""

    def __init__(self):
        super().__init__()
        self.stem, self.spatial, self.norm = nn.Conv2d(3, 6, 2, 2), nn.Conv2d(6, 6, 3, padding=1, groups=6), None
        self.norm, self.up, self.down = nn.LayerNorm(6), nn.Linear(6, 12), nn.Linear(12, 6)
        self.scale, self.head = nn.Parameter(torch.rand(6, 1, 1) + 0.5), nn.Linear(6, 4)

    def forward(self, images):
        stream = self.stem(images)
        hidden = nn.functional.gelu(self.up(self.norm(self.spatial(stream).permute(0, 2, 3, 1))))
        return self.head((stream + self.scale * self.down(hidden).permute(0, 3, 1, 2)).mean((2, 3)))


class Mlp(nn.Module):
    """A stream of tokens (n, T, C) under layer normalisation, and the hidden channels of a perceptron."""

    def __init__(self):
        super().__init__()
        self.patches = nn.Conv2d(3, 6, 2, 2)
        self.norm, self.up, self.down = nn.LayerNorm(6), nn.Linear(6, 10), nn.Linear(10, 6, bias=False)
        self.head = nn.Linear(6, 4)

    def forward(self, images):
        tokens = self.patches(images).flatten(2).transpose(1, 2)
        tokens = tokens + self.down(nn.functional.gelu(self.up(self.norm(tokens))))
        return self.head(tokens.mean(1))


class Twice(nn.Module):
    """Maps concatenated with their negatives, and two ways of pooling side by side, as in fastai's classifiers."""

    def __init__(self):
        super().__init__()
        self.first, self.norm = nn.Conv2d(3, 6, 3, padding=1), nn.BatchNorm2d(12)
        self.second, self.head = nn.Conv2d(12, 8, 3, padding=1), nn.Linear(16, 4)

    def forward(self, images):
        maps = self.first(images)
        maps = self.second(self.norm(torch.cat([maps, -maps], 1)).relu()).relu()
        return self.head(torch.cat([maps.mean((2, 3)), maps.amax((2, 3))], 1))


CONCATENATING = (DenseBlock, Fire, Inception, Depthwise, Twice)
CHANNELS_LAST = (ConvNext, Mlp)


def made(kind, seed=0):
    """A network in eval mode whose normalisations differ from channel to channel, or a mistake would go unseen."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = kind()
        for module in network.modules():
            if isinstance(module, nn.Conv2d) and module.bias is not None:
                module.bias.data.uniform_(0, 0.5)  # most channels are above zero before their activation
            if isinstance(module, nn.BatchNorm2d | nn.LayerNorm):
                module.weight.data.uniform_(0.5, 1.5)
                module.bias.data.uniform_(-0.5, 0.5)
            if isinstance(module, nn.BatchNorm2d):
                module.running_mean.uniform_(-0.2, 0.2)
                module.running_var.uniform_(0.5, 1.5)
    return network.eval()


def masked(network, removed):
    """A copy with channels at zero: their filters, biases, and the scale and shift of their normalisations.

    Args:
        removed: channels by group, as the groups are found in this network.
    """
    copy = deepcopy(network)
    parameters = dict(copy.named_parameters())
    with torch.no_grad():
        for group, gone in removed:
            for name, start in [*((name, 0) for name in group.writers), *((f.name, f.start) for f in group.followers)]:
                if name in parameters:
                    parameters[name][[start + channel for channel in gone]] = 0
    return copy
