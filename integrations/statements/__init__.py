"""Statements of providers that hand them out over HTTP."""
