"""Engines that run exported networks, one per file."""
