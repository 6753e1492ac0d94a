"""What single channels and whole networks respond to: pictures and filters; modules are imported when first used."""

from typing import TYPE_CHECKING

from bench import lazy

if TYPE_CHECKING:
    from bench.diagnose.units import corrupted as corrupted
    from bench.diagnose.units import first_filters as first_filters
    from bench.diagnose.units import gallery as gallery
    from bench.diagnose.units import maximization as maximization
    from bench.diagnose.units import painting as painting

__getattr__ = lazy.submodules(__name__)
