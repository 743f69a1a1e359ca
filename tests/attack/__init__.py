"""Attacks on the provider: hostile registries, callers and strangers against the real process. Run by `make attack`."""
