"""How an interview is held, also with responders that are simulated; and the evidence of it all."""
