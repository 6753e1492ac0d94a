"""An estimate with its interval, and everything that a caption must say about it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value, its confidence interval, and how both were made.

    Attributes:
        value: the point estimate, in the measure's unit.
        low, high: ends of the interval; NaN if there is none, with the reason in `warning`.
        n: number of independent units behind it (see `unit`).
        unit: what is replicated: "image" or "seed".
        interval: how the interval was made, in words for a caption, e.g. "delete-one jackknife, atanh scale".
        confidence: nominal coverage.
        standard_error: on the scale named in `interval`.
        df: degrees of freedom of the t quantile; NaN if the interval uses no t.
        warning: one sentence if the number must be read with care, else empty.
        estimand: what is estimated, in words for a caption; empty if the caller's column says it.
    """

    value: float
    low: float
    high: float
    n: int
    unit: str
    interval: str
    confidence: float = 0.95
    standard_error: float = float("nan")
    df: float = float("nan")
    warning: str = ""
    estimand: str = ""

    def scaled(self, factor: float) -> Estimate:
        """The same in another unit, `factor` (above 0) of which make one of its own.

        >>> Estimate(0.98, 0.97, 0.99, 6, "seed", "t", standard_error=0.004).scaled(100).value
        98.0
        """
        ends = {name: factor * getattr(self, name) for name in ("value", "low", "high", "standard_error")}
        return replace(self, **ends)

    def as_dict(self) -> dict[str, float | int | str]:
        """All fields, ready for JSON or a table row."""
        return asdict(self)
