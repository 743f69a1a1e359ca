"""Whom we believe: keys and trust roots."""
