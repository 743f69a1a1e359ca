"""The cluster's own credentials: what Pods pull with, read from the API server where a setting says so."""
