"""The way in: gunicorn, TLS, the routes, the plain port. Nothing else knows Flask."""
