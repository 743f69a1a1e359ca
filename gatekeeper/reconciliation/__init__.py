"""Policies that live in the cluster: ClusterImagePolicies become templates and Constraints there, and stay so."""
