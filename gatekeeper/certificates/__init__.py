"""The certificates of the provider: an authority, what it certifies, and what Gatekeeper is to trust."""
