"""Lives drawn at random, with faults at the providers and in our own house, and what must hold."""
