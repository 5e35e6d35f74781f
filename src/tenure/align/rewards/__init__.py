"""One file for each reward that a policy may be trained on; each defines ``extension = Reward(...)``."""
