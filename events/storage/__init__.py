"""Everything that knows DynamoDB: the tables, and how events and accounts are written and read."""
