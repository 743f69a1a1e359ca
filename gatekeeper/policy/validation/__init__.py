"""What policy-controller's webhook checks of a ClusterImagePolicy."""
