"""Proofs about who signed an image. Nothing here yet: proof questions are refused as unsupported."""
