"""Serve feeds and CAP messages, send webhooks, and stop mails on request."""
