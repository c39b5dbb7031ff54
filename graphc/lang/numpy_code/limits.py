"""How much code is read: sizes of a file and of what it unrolls to. Reading stops with one sentence beyond them."""

from __future__ import annotations

MAX_FILE = 200_000  # characters
MAX_DEPTH = 120  # expressions and inlined calls one within the other: what the walk recurses on
MAX_CALLS = 12  # inlined functions one within the other
MAX_STEPS = 60_000  # expressions evaluated, loops unrolled
MAX_LENGTH = 10_000  # entries of a list or of a loop
MAX_TERMS = 100  # of a size that is worked out
MAX_DIGITS = 400  # of a whole number that is worked out
MAX_RECOGNISED = 80  # nodes of a value that is looked for in the model
MAX_TRIES = 300  # values that are looked for
