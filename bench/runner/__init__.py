"""From a profile to files: the plan of cells, the store that keeps them, and the executors that work them."""
