"""What people read of what runs and until when: one value, and its forms (terminal, JSON, CSV, a page)."""
