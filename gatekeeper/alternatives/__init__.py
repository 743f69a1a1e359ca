"""Which other image of a repository the policies would admit."""
