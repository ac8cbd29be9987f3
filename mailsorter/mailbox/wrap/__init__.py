"""Extra behaviour by wrapping: each wraps a `Mailbox` and is one.

Order from the inside out: connector, throttle, retry, logged, readonly.
"""

from mailsorter.mailbox.wrap.logged import LoggedMailbox
from mailsorter.mailbox.wrap.readonly import ReadOnlyMailbox
from mailsorter.mailbox.wrap.retry import RetryingMailbox
from mailsorter.mailbox.wrap.throttle import ThrottledMailbox

__all__ = ["LoggedMailbox", "ReadOnlyMailbox", "RetryingMailbox", "ThrottledMailbox"]
