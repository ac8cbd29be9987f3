"""What the config tells matching beside the client book and the rules: values only."""

from __future__ import annotations

import msgspec

EDITION = 2
"""The edition of the rules of evidence, counted up when they decide old mail otherwise.

It is part of the digest by which the ledger knows that left mail must be tested again. Edition 1 is that of release
0.1.0, which `plan --against` still knows so that a firm sees what an upgrade decides otherwise before it happens.
"""


class MatchingPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """How facts are weighed.

    `mass_mail_domains`: mail to more outside domains than that is mass mail, and a client who is only one of its
    recipients does not decide it. `judges_authors`: Exchange's verdict on the author counts. `edition`: see `EDITION`.
    """

    mass_mail_domains: int = 10
    judges_authors: bool = True
    edition: int = EDITION

    @property
    def is_first_edition(self) -> bool:
        """Weigh facts as release 0.1.0 did?"""
        return self.edition < 2
