"""The normal form of tensor expressions, and proofs by it: two sides are equal if their difference comes to nothing."""

from graphc.claims.normal.levels import prove

__all__ = ["prove"]
