"""Sealed copies: how files are encrypted, and how their keys are kept, split and tried out."""
