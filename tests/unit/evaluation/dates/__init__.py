"""What `facts --proofs` makes of what is stated and proved."""
