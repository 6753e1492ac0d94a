"""Engine: whole channels taken out, with everything that is coupled to them."""
