"""All that knows DynamoDB: the tables, how events and accounts are written to them, and how they are read."""
