"""MIME in and out: reading what is delivered or seeded, making it again on demand."""
