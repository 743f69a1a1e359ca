"""Every date of an image, for people: where it stands, what it proves, and whether it can be true."""
