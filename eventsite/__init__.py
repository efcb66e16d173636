"""The site: settings, addresses, the WSGI and Lambda entry points, the local DynamoDB engine."""
