"""What replicas remember together: a store of bytes that may be slow, lost, full, or written by somebody else."""
