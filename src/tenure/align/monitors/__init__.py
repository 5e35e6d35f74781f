"""One file for each watch over a training; each defines ``extension = Monitor(...)``."""
