"""Hostile mail of twelve kinds, and who reads it: for the tests, and for `bench/hostile.py`."""
