"""Microsoft Graph's mail face: requests in, answers out, no HTTP server in sight (that is `server`)."""
