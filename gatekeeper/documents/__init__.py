"""Files of Kubernetes objects: read within bounds, and what is wrong with them."""
