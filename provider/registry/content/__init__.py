"""What is read of a registry: manifests, indexes, lists, their media types and digests."""
