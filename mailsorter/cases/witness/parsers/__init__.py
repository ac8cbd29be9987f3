"""The witness's own parsers of what strangers sent: other libraries than the finder's where there are any.

They run in a worker of `sandbox` and import nothing of the program. They yield pairs: `text` with what a message says,
`unread` with the reason why a part of it was not read.
"""
