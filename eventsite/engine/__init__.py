"""Amazon's DynamoDB Local, embedded: downloaded once, and started for a command that needs storage."""
