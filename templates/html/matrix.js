// The matrix of several profiles.
