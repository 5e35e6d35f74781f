"""Serve a model: one pipeline of steps over one stream of events, one ledger row per request."""
