"""The worker's own codec of values: links to its files, which the built packages hold as copies."""
