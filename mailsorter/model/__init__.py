"""Frozen values and pure decisions: no clock, network, database or config."""
