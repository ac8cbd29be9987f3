"""The finder's parsers of what strangers sent. They run in a worker of `sandbox` and nowhere else.

They import nothing of the program and keep nothing. What they yield are pairs of a kind and a text; `KINDS` in
`message` says which kinds there are. Text may come twice where a long one was cut: pieces overlap.
"""
