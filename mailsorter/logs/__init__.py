"""Logs that tell no tales: every line passes a guard that lets through only words and numbers known to be nobody's."""

from mailsorter.logs.setup import configure, get_logger

__all__ = ["configure", "get_logger"]
