"""Engine: weights and feature maps rounded to few bits."""
