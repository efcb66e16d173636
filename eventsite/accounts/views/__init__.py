"""The pages for accounts and keys."""
