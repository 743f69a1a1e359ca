"""The cluster's TrustRoot objects: looked at, kept, and handed over to the provider's Pods."""
