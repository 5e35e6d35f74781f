"""Golden levels above G0, one file each: ``extension = Kind(...)``; see ``tenure.preserve.sameness.golden``."""
