"""Building blocks that several architectures of the zoo share; its modules are imported when first used."""

from typing import TYPE_CHECKING

from bench import lazy

if TYPE_CHECKING:
    from bench.zoo.layers import example as example
    from bench.zoo.layers import mask_rcnn as mask_rcnn
    from bench.zoo.layers import mobile as mobile
    from bench.zoo.layers import residual as residual
    from bench.zoo.layers import vgg as vgg
    from bench.zoo.layers import wide_residual as wide_residual

__getattr__ = lazy.submodules(__name__)
