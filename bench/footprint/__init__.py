"""Footprint is a file: how a compressed network is stored, read back, and what it costs to run."""

from bench import lazy

__getattr__ = lazy.submodules(__name__)
