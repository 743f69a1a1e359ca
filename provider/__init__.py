"""Answers Gatekeeper's questions about container images: facts only, no policy."""
