"""Worker processes with limits, in which everything is read that strangers sent.

Neutral: the package knows nothing of mail or cases. A parser is named as `module:function`; it takes bytes and yields
pieces of text. Bytes go to a worker over a pipe, pieces come back, both bounded. A worker that meets a limit is killed
and replaced, and the caller learns which limit it was. Nothing that a parser raises or prints leaves the worker.
"""

from mailsorter.sandbox.frames import Piece
from mailsorter.sandbox.limits import LIMITS, Ending, Limits
from mailsorter.sandbox.pool import Sandbox, shared

__all__ = ["LIMITS", "Ending", "Limits", "Piece", "Sandbox", "shared"]
