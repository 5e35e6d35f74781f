"""What is asked: the bank and its linter, the cells and the plan; a check of our own words."""
