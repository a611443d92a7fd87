"""Which workflows show how wio is used? `order`, a first one, and `withdrawal`, one with everything."""
