"""Published measurements, read again exactly and in both orders."""
