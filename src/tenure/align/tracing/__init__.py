"""Finding what a training row was made from among stored records."""
