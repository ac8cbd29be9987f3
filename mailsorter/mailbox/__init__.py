"""The only code that talks to Exchange."""
