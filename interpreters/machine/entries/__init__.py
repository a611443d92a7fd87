"""What does an entry of each kind make of an execution? `transition` asks; nobody else does."""
