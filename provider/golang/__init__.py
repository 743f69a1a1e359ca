"""All that imitates Go: its encoders, its regular expressions, its way to read a URL or a time."""
