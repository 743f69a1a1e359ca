"""Public keys that stand in key management services: read once, as PEM; no private key is ever used.

key_service    what a service is asked for, and why it gives nothing
services       all of them: each is imported when its first key is read
amazon, google, azure, vault
public_key     what an answer must be
answers        JSON that a service sent
"""
