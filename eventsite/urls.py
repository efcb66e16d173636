"""Addresses: staff pages under /staff/, the API with its documentation, and the pages for errors."""

from __future__ import annotations

from django.urls import URLResolver, path
from django.urls.resolvers import RoutePattern
from django.views.decorators.http import require_safe
from django.views.generic import RedirectView

from eventsite import error_pages
from eventsite.api import api

handler400 = error_pages.bad_request
handler403 = error_pages.forbidden
handler404 = error_pages.not_found
handler500 = error_pages.server_error

to_staff = require_safe(RedirectView.as_view(pattern_name="pages:home"))

urlpatterns = [
    path("", to_staff),
    path("staff", to_staff),
    URLResolver(RoutePattern("staff/"), "eventsite.staff_urls"),  # include() would load the pages now
    path("", api.urls),
]
