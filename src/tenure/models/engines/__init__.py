"""The engines, one a file; each defines ``extension``."""
