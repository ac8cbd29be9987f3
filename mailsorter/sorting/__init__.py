"""pull > match > plan > (perform) > record."""
