"""Is what came back still the same model? What is kept of its answers, and measured against them."""
