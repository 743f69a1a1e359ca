"""What speaks for a signature: certificates, logs, timestamps."""
