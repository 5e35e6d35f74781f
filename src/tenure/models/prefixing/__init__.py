"""What `tenure.models.prefixed` is made of: plans, kept pieces, and what tokens see."""
