"""A life after: what a retired model agrees to, and the harness kept for research."""
