"""A table of policies and objects: what the cluster says of each, `bestbefore check` says too."""
