"""Many keys, one answer, in time: deadlines, sharing, waits, what is remembered."""
