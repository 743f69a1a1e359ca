"""One question about an image becomes facts."""
