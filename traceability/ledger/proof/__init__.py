"""What lets others believe the record without believing its keeper: signatures, proofs, files."""
