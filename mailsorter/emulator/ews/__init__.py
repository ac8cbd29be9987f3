"""The EWS face: the same mailboxes as Exchange Server on the firm's own premises shows them, over SOAP."""
