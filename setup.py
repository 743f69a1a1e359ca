"""Kept for installers that look for it; all metadata is in setup.cfg."""

from setuptools import setup

setup()
