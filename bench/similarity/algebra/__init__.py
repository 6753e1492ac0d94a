"""Distances, kernels and orthonormal bases of representations."""
