"""Browsers in which somebody is signed in."""

from __future__ import annotations

from django.test import Client

from eventsite.accounts.models import Staff


def client_of(staff: Staff) -> Client:
    client = Client(headers={"Accept": "text/html"})
    client.force_login(staff)
    return client
