"""Suites and runs in the formats of other evaluation tools. Knows no weights."""
