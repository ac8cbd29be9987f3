"""The waist: the only code that changes mail. Every change is written down before it is tried and after it ended."""

from mailsorter.perform.hands import Hands
from mailsorter.perform.perform import StepResult, perform_steps
from mailsorter.perform.pretend import pretend_steps
from mailsorter.perform.resume import Settled, resume

__all__ = ["Hands", "Settled", "StepResult", "perform_steps", "pretend_steps", "resume"]
