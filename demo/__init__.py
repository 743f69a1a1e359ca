"""The story from end to end on one machine, told step by step: `python -m demo [IMAGE…]`, or `make demo`.

The provider is the real one, in a process of its own behind TLS and client certificates; the template is the one that
`bestbefore translate` makes, evaluated by the OPA of Gatekeeper. Only Gatekeeper's own part, finding the constraints
that match an object and sending their questions, is played (`demo.gatekeeper`); `make e2e` has the real one.
"""
