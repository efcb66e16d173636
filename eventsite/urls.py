"""Addresses: the API with its documentation, and the answers to errors outside it."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.http import require_safe
from django.views.generic import RedirectView

from eventsite import errors
from eventsite.api import api


def server_error(request: HttpRequest) -> HttpResponse:
    return errors.answer(500)


handler500 = server_error

urlpatterns = [
    path("", require_safe(RedirectView.as_view(pattern_name="api:openapi-view"))),
    path("", api.urls),
]
