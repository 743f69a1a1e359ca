"""What an administrator sets."""
