"""What a reader is told: conversations, settings, tags written, lamps, photo-eyes."""
