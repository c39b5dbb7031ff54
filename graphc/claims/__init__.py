"""Verdicts on gradients derived by hand: what a text claims, whether it holds, and where and why it does not."""
