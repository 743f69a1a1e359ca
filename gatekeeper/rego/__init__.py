"""The Rego library that every generated template carries, as package data."""
