"""Engine: weights replaced by codes into a table of words."""
