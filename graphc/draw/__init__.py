"""Circuit pictures: a neutral model of what to show, laid out by Graphviz, written as SVG, DOT and PNG."""
