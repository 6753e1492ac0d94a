"""Do the intervals cover and do the tests keep their level? Measured by simulation, one kind of scenario per file."""
