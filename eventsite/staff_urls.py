"""The addresses under /staff/, loaded with the first request for one of them."""

from __future__ import annotations

from django.urls import include, path

from eventsite.accounts import roles
from eventsite.theme import choose_theme

urlpatterns = [
    path("", include("eventsite.accounts.urls")),
    path("", include("events.pages.urls")),
    roles.page("theme/", choose_theme, roles.ANYONE, "theme"),
]
