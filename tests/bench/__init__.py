"""Figures: what the provider and the checker cost, on whatever machine this is. Run by `make bench`."""
