"""Hard cases as tables: the right answer, what the program does, and why."""
