"""Files Exchange mail in a folder per client, and can prove that a person's mail is gone."""

__version__ = "0.1.0"
