"""Parity inside a copy: made with a version, and used to compute damaged bytes again."""
