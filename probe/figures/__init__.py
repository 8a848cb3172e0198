"""Figures for papers: a plain function each, one style. Computes no statistic."""
