"""How a model meets its end: what it says, what it does, what carries over, and what it was trained on."""
