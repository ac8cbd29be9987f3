"""An Exchange on this machine: a store with Graph's face. Knows nothing of the program it judges."""
