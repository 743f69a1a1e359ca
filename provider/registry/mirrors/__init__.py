"""Which hosts a registry's content may come from: containerd's `hosts.toml`."""
