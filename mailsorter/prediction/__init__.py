"""What the firm's own filing teaches, for mail that no evidence decides. Off unless the config turns it on.

The model holds keyed hashes and counts, no text; learning and forgetting are exact; it files only where it has earned
the precision that the config asks for. `PredictionModel` is the door.
"""

from mailsorter.prediction.model import PredictionModel

__all__ = ["PredictionModel"]
