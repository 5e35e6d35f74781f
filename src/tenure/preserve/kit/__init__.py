"""The return kit: what a model needs besides its weights to come back, and the libraries it ran with."""
