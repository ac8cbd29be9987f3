"""The waist: the only code that changes mail."""
