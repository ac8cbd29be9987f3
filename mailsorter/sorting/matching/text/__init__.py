"""Evidence inside a body, for the few messages that their headers leave undecided."""
