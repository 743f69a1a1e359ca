"""Which parts of an image's configuration a rule reads, proved from OPA's syntax tree."""
