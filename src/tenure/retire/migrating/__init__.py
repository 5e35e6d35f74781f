"""Moving to a successor: the prompts, what was lost, what recovers it, the guide."""
