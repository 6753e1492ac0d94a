"""Footprint is a file: how a compressed network is stored, read back, and what it costs to run."""
