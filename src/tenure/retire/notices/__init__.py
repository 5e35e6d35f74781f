"""What users are told of a retirement, until when, and by whom."""
