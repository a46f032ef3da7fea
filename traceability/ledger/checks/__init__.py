"""What a check of the record looks at, one thing a file: the walk, and what each row must be."""
