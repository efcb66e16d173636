"""Staff accounts with their roles and sessions, and API keys."""
