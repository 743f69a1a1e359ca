"""Whether what runs can still be pulled: asked once a day, by the provider, which has the credentials."""
