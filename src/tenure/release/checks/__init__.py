"""Checks of commitments: one file each, found by name."""
