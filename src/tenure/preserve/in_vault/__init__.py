"""What is copied into every vault as it is: plain text and two programs that need no Tenure."""
