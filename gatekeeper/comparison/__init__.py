"""Side by side with policy-controller: what we would do, against what is done."""
