"""Engine: weights set to zero and kept there."""
