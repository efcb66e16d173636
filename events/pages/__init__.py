"""The staff pages about events. Each view parses the request, calls one service, and renders a template."""
