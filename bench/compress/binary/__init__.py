"""Engine: weights and feature maps of one bit."""
