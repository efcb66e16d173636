"""The REST API: endpoints, request schemas, OpenAPI documentation, and who may call."""
