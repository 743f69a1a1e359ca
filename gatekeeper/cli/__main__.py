"""`python -m gatekeeper.cli`, the same as `bestbefore`."""

from gatekeeper.cli.main import main

main()
