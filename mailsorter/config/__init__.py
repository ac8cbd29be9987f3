"""The config file and the client book: schema, loading, secrets."""
