"""What runs, and until when: the inventory of a cluster, what policies will say of it, and who learns of it."""
