"""Who we are to a registry: credentials of files and of programs."""
