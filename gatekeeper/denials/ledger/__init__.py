"""Each denial counted once, and the blocks that come of it."""
