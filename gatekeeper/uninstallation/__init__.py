"""What the controller wrote into a cluster goes before the provider does: what to remove, in which order, and how."""
