"""What a scrub goes by: its pace, and the journal of what it had read."""
