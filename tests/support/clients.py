"""Browsers in which somebody is signed in."""

from __future__ import annotations

from datetime import UTC, datetime

from django.test import Client

from eventsite.accounts.models import Staff


def client_of(staff: Staff) -> Client:
    """A browser in which this person has just signed in."""
    client = Client(headers={"Accept": "text/html"})
    client.force_login(staff)
    at = datetime.now(UTC).isoformat()
    session = client.session
    session.update({"signed_in_at": at, "authenticated_at": at, "method": "password"})
    session.save()
    return client
