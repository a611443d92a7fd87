"""What do other engines do with the same work? Each peer is measured in a process of its own; see `__main__`."""
