"""Engine: a layer replaced by two of lower rank."""
