"""The packed form of an object: what it builds on, how it is made, and how each form gives the other."""
