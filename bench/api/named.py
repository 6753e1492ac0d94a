"""Networks by the names that profiles use, and what their published weights expect of images."""

from __future__ import annotations

from pathlib import Path

from torch import nn

from bench.api._checks import text, whole
from bench.errors import InputError, limits
from bench.zoo.networks import build, catalogue, checkpoint, of_timm, of_torchvision
from bench.zoo.networks.of_timm import Offered


@limits("network")
def network(
    name: str,
    *,
    channels: int = 3,
    classes: int | None = None,
    size: int | None = None,
    weights: str | Path | None = None,
    seed: int = 0,
) -> nn.Module:
    """A network by name, in eval mode, as a profile's `[[models]]` would build it.

    >>> network("resnet8", channels=1, classes=10, size=8).training
    False

    Args:
        name: of the zoo, `torchvision:NAME`, `timm:NAME` or `package.module:function`.
        classes, size: default to what the network is usually built for; `size` is the side of the images, pixels.
        weights: a file of weights (safetensors, or a weights-only .pth), or published ones, which are downloaded:
            "timm" for networks of timm, a name such as "IMAGENET1K_V1" for those of torchvision. Both take those of
            another classifier and begin that anew, timm's networks those of other images too.
        seed: of what no file gives.

    Raises:
        InputError: the network does not exist, does not take such images, or the weights do not fit.
    """
    text("network", name)
    whole("channels", channels, 1)
    whole("seed", seed, 0)
    for setting, value in (("classes", classes), ("size", size)):
        if value is not None:
            whole(setting, value, 1)
    usual = catalogue.usual(name) if None in (classes, size) else (0, 0)
    shape = channels, classes or usual[0], size or usual[1], seed
    if weights is None:
        return build.build(name, *shape)
    published = catalogue.is_torchvision(name) and of_torchvision.is_published(str(weights))
    if not of_timm.is_timm(name) and not published:
        built = build.build(name, *shape)
        checkpoint.load_checkpoint(built, weights)
        return built
    if published:
        path = of_torchvision.downloaded(name, str(weights))
    else:
        path = of_timm.downloaded(name) if str(weights) == of_timm.BY_TIMM else Path(weights)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"weights {str(path)!r} cannot be read: {error.strerror}") from error
    return build.build(name, *shape, (path.name, content))


def preprocessing(name: str) -> Offered:
    """What the published weights of a network of timm expect: channels, size, mean, std and classes.

    Raises:
        InputError: timm is not installed, or has no such network.
    """
    text("preprocessing", name)
    if not of_timm.is_timm(name):
        raise InputError(f"preprocessing: {name!r} is no network of timm, e.g. 'timm:convnext_atto'")
    return of_timm.offered(name)
