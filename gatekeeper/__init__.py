"""Speaks policy and Kubernetes: ClusterImagePolicy in, Gatekeeper templates out, and the tools around them."""
