"""The subject: what an event is, the API and services over it, and how it is stored."""
