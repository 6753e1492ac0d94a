"""Finding the chain of methods that gets most accuracy into a number of bytes, chosen on the validation split."""
