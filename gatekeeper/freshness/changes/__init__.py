"""What a change of policies changes for workloads, for people who read a pull request."""
