"""What runs, by the real provider."""
