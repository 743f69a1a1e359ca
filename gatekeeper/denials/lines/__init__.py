"""What Gatekeeper writes of a denial: its lines, read strictly."""
