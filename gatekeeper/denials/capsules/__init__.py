"""A denial with all that decided it in one file, and its replay."""
