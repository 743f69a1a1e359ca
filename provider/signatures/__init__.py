"""Who signed an image: discovery, formats, keys, certificates, logs, timestamps, trust roots."""
