"""A thing gets a number of its own: company prefixes, serials given out, what its chip carries."""
