"""What people read of blocks: Events, and the summary in a terminal."""
