"""The story on the real Gatekeeper: see rig/__init__.py for what is started, and how."""
