"""A folder for each protocol: what its frames say, how a reader of it is played and recognised."""
