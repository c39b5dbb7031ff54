"""graphc: a symbolic computation-graph compiler for neural networks."""
