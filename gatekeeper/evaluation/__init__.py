"""The verdict of a generated template without a cluster, by the real opa."""
