"""Which pixels and units an answer rests on, and how two explanations agree; modules are imported when first used."""

from typing import TYPE_CHECKING

from bench import lazy

if TYPE_CHECKING:
    from bench.diagnose.explanations import attribution as attribution
    from bench.diagnose.explanations import deletion as deletion
    from bench.diagnose.explanations import layer_conductance as layer_conductance

__getattr__ = lazy.submodules(__name__)
