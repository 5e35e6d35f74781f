"""The steps of the pipeline, one file each: ``extension(gateway)`` returns the step."""
