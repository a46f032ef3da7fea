"""A printer made of software: it reads what a real one would, draws the labels, and can fail."""
