"""What must go when, by rule."""
