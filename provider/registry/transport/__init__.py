"""How bytes get from a registry to here: names, addresses, proxies, authorities, and libcurl."""
