"""ClusterImagePolicy to Gatekeeper ConstraintTemplate and Constraint."""
