"""sigstore ClusterImagePolicy: model, loading, validation."""
