"""Do the intervals cover and do the tests keep their level? Measured by simulation: a family of scenarios a file."""

from bench.calibrate.rows import Row
from bench.calibrate.run import calibrate, load
from bench.calibrate.text import as_text

__all__ = ["Row", "as_text", "calibrate", "load"]
