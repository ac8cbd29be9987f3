"""Reproducible benchmarks: each prints a table and the ratio that matters. Run as `python -m bench.NAME`."""
