"""What a process remembers of registries: documents by digest for good, and what gets old with its moment."""
