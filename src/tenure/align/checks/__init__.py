"""One file for each checkable principle; each defines ``extension = Check(...)``."""
