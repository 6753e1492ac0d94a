"""Innards: what compression costs a convolutional network, and what it does to its inside."""

__version__ = "0.1.0"
