"""Where a vault's bytes lie: one file per storage back end."""
