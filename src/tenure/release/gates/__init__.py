"""Gates: one question each, asked of every rule; found by file name."""
