"""Graders, one file each; see ``tenure.measure.grading``."""
