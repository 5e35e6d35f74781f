"""What keeping costs: measured work at stated prices, and what more of it will take."""
