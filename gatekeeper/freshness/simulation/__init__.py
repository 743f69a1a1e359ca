"""What policies would do that nobody enforces yet: day by day, and the ramp that would hurt nobody."""
