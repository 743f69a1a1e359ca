"""What runs in a cluster and may run again, compact: no object is kept as it was read."""
