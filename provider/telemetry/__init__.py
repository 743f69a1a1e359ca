"""What an administrator sees: logs and metrics."""
