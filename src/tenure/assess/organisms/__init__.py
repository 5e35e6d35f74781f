"""Models trained to misbehave, one file each: the test weights of the assessments."""
