"""The second pair of eyes: looks at Exchange by HTTP of its own and compares by code of its own.

It shares nothing with the finder and the eraser, so that a mistake of theirs cannot hide from it (import-linter
checks that). Named exception to the rule that only `mailbox/` talks to Exchange: docs/design.md, section 3.
"""

from mailsorter.cases.witness.marks import Marks
from mailsorter.cases.witness.report import FolderLook, Hit, MailboxLook, Witness

__all__ = ["FolderLook", "Hit", "MailboxLook", "Marks", "Witness"]
