"""Intervals, tests, equivalence and multiplicity: the one place that turns numbers into claims."""
