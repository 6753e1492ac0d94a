"""Do the intervals cover and do the tests keep their level? Measured by simulation: a family of scenarios a file."""

from bench.calibrate._rows import Row
from bench.calibrate._run import calibrate, load
from bench.calibrate._text import as_text

__all__ = ["Row", "as_text", "calibrate", "load"]
