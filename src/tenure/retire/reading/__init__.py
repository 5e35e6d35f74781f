"""What answers are worth: read by rules fixed beforehand, reliability first, then what was confirmed."""
