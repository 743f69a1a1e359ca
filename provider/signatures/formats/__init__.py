"""How signatures are stored: simple signings, sigstore bundles."""
