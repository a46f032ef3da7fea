"""What the wire said: every byte with its time, bounded, hashed, played again."""
