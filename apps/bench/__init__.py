"""Measurements, each beside a bare baseline in the same run. Not tests: nothing here can fail."""
