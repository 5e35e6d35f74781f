"""Coming back: a process of its own, an environment made again, converted forms kept aside."""
