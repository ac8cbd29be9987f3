"""What the receiving server said of a message's author."""

from __future__ import annotations

import enum


class AuthorCheck(enum.IntEnum):
    """Did the receiving server check that the mail comes from the domain of its author?"""

    NONE = 0  # it did not say: sent mail, mail from before, a server that does not check
    PASSED = 1  # the author's domain vouches for it
    INTERNAL = 2  # submitted by somebody signed in at the firm's own Exchange
    FAILED = 3  # the check failed: anybody may have written it

    @property
    def is_vouched_for(self) -> bool:
        """Did somebody vouch for the author?"""
        return self in (AuthorCheck.PASSED, AuthorCheck.INTERNAL)
