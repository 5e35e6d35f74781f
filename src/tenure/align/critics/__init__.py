"""One file for each critic; each defines ``extension = Critic(...)``."""
