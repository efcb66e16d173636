"""The REST API: endpoints, what they take, what OpenAPI says of them, and who may call."""
