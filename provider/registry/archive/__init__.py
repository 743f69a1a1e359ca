"""What replicas share of registries: documents, who may read them, and what was seen of what gets old."""
