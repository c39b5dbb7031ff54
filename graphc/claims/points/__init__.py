"""What points are made of: sizes, values that obey facts, kinks that are kept away from, domains in words."""
