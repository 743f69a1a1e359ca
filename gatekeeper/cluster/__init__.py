"""The Kubernetes API, as far as we use it: one Protocol, and one client behind it."""
