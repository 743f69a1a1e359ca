"""What is asked and what is answered: Gatekeeper's wire, keys, values."""
