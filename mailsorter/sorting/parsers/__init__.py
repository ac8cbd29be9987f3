"""Sorting's parser of what strangers sent. It runs in a worker of `sandbox`, and imports nothing of the program."""
