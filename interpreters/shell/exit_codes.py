"""Which exit codes has `wio`? This imports nothing, so that `wio --help` comes at once."""

DONE = 0
ERROR = 1
USAGE_ERROR = 2
FAILED = 3
WAITING = 4
PAUSED = 5
INTERRUPTED = 130
