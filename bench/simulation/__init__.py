"""A firm over months on a virtual clock: mail, people, bad luck, and the daemon's own service among them."""
