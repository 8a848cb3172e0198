"""Data sets of other projects, read and written as trade-off files. Knows no tokens, no weights, no statistics."""
