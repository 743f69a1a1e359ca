"""Reads manifests, indexes and blobs from OCI registries, each byte checked against its digest."""
