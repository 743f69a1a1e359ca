"""When a registry is asked, and when it is left alone: quotas, circuits, and how long to wait."""
