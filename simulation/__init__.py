"""Readings made up from known parameters, their exact truth, and trials of the statistics on many such sets."""
