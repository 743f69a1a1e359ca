"""Waivers: denials that somebody let pass for a time."""
