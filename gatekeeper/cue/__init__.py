"""Policies in CUE, compiled to Rego: what Gatekeeper evaluates says what policy-controller's CUE would say.

`parser` reads the text, `building` makes a tree of constraints of it with every definition in its place, and
`compilation` writes the Rego. What of CUE is not taken is refused by line, never left out.
"""
