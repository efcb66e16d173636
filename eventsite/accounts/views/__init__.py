"""The pages about accounts and keys."""
