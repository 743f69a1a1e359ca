"""Denials: read from what Gatekeeper writes, counted once, and shown to people and to Prometheus."""
