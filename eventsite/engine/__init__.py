"""Amazon's DynamoDB Local, embedded: fetched once, started when something needs storage, stopped by who started it."""
