"""Where lines come from: the logs of Pods, streams, segments of an export."""
