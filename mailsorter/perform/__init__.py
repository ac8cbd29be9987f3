"""The waist: the only code that changes mail. Every change is written down before it is tried and after it ended."""

from mailsorter.perform.hands import Hands
from mailsorter.perform.known_again import KnownAgain, known_again
from mailsorter.perform.perform import StepResult, perform_steps
from mailsorter.perform.pretend import pretend_steps
from mailsorter.perform.resume import Settled, resume

__all__ = [
    "Hands", "KnownAgain", "Settled", "StepResult", "known_again", "perform_steps", "pretend_steps", "resume",
]  # fmt: skip
