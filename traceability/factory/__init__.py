"""A workshop's own premises on this PC: one folder that holds all that is its own."""
