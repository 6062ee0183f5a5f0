"""Measurements of speed and memory; `python benchmarks/compare.py` takes them all."""
