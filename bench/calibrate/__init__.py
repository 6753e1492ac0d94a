"""Do the intervals cover and do the tests keep their level? Measured by simulation: a family of scenarios a file."""
