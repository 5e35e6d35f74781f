"""A vault's copy on somebody else's computer: object stores, and whatever fsspec reaches."""
