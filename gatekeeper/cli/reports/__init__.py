"""What `check` found, in the forms that people and machines read."""
