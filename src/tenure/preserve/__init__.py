"""Keeping models: a vault on plain folders, copies, fixity, the return kit, and coming back."""
