"""Training steps of graphc timed against other libraries: `python -m benchmarks --help`."""
