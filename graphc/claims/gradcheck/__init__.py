"""Numeric gradient checks: difference quotients against derived gradients, or against those of a Python function."""
