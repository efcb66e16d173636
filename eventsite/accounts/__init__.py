"""Who may come in: staff with their sessions and roles, and the API's keys."""
