"""Keys of services by their own programs and stand-ins, over TLS."""
