"""The background service: looks at every mailbox again and again, says once what is wrong, and ends when asked."""
