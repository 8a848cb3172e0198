"""Loading and reading a model: the only room with torch. Does not know what a principle is."""
