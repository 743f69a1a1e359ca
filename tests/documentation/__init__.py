"""The pages' commands, run as a reader runs them: line by line, from a clone or from a folder of one's own."""
