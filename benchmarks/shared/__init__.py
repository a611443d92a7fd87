"""What does it cost that many processes share one Postgres? `python -m benchmarks.shared QUESTION [--json]`

latency     from a client in a process of its own to the result of a worker's, and a signal until its response
workers     what two worker processes do together, by what one does, where each step waits for 5 ms
rows        claiming and starting among 1,000,000 finished and 1,000,000 sleeping instances, by an empty database
timers      how late 100,000 timers fire that are due within a minute
recovery    how long after a kill 10,000 instances are owned and running again
"""
