"""One module for each group of measurements; each has `run(settings, report)`."""
