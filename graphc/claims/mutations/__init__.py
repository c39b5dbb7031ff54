"""Derivations with one thing done wrongly in them, and whether what comes out is what was claimed."""
