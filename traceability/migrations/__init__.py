"""Changes of the tables over time, oldest first."""
