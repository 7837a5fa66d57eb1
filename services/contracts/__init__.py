"""The events on the wire and the names of the topics they travel on: pydantic only."""
