"""Behaviour put around any Mailbox: retry, throttle, read-only, logging."""
