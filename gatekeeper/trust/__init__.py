"""TrustRoot objects: what each says, and the trust root that comes of it, by TUF where it names a repository."""
