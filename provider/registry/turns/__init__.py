"""Who may send the next request to a registry: turns, and the places of requests under way."""
