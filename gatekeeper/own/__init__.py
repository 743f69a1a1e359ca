"""Policies of our own, written for Gatekeeper: MaximumImageAge, SignedImages."""
