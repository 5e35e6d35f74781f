"""What is counted of a day's requests, one file each: ``extension = Tally(...)``; the file's name is the tally's."""
