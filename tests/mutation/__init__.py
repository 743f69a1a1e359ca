"""`make mutate P=folder`: do the unit tests notice when the code is wrong?

A mutant is a file with one small mistake in it. mutmut makes the mistakes; here they are sampled, tried in a copy of
the tree by those unit tests that run the changed statement, and counted.
"""
