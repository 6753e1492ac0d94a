"""What measures of one kind share: their checks, their conventions and how they compute on subsamples."""
