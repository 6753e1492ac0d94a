"""Engine: whole channels removed, with everything that is coupled to them."""
