"""Results -> ranks."""
