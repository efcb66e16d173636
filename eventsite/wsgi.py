"""The site as a WSGI application, for any WSGI server."""

from __future__ import annotations

import logging
import os
from typing import Any

from django.conf import settings
from django.core.cache import close_caches
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, reset_queries
from django.utils.http import parse_header_parameters

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "eventsite.settings")


class Request(WSGIRequest):
    """A request with addresses and forms in UTF-8. Django would use the charset that the request names, and can fail.

    No middleware runs yet, so an exception here gets no error response.
    """

    def __init__(self, environ: dict[str, Any]) -> None:
        path = environ.get("PATH_INFO", "")
        if not path.isascii():
            try:
                path.encode("latin-1").decode()
            except UnicodeError:
                # Django would decode invalid bytes as "%FF", which may be another event's ID. No ID contains a NUL.
                path = f"{path.encode('latin-1').decode(errors='replace')}\0"
                environ = {**environ, "PATH_INFO": path.encode().decode("latin-1")}
        super().__init__(environ)

    def _set_content_type_params(self, meta: dict[str, Any]) -> None:
        """Ignores the charset: it may name any codec of Python, such as "hex" or "idna"."""
        try:
            self.content_type, self.content_params = parse_header_parameters(meta.get("CONTENT_TYPE", ""))
        except ValueError:  # another parameter has an unknown charset
            self.content_type, self.content_params = "", {}


def read_secret_key() -> None:
    """Reads the stage's secret keys from the Parameter Store, if they are there. Raises ImproperlyConfigured."""
    if settings.SECRET_KEY_PARAMETER:
        from eventsite.parameter_store import read_secret_keys  # noqa: PLC0415  # imports botocore

        settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS = read_secret_keys(
            settings.SECRET_KEY_PARAMETER, settings.AWS_REGION, settings.SSM_ENDPOINT_URL, settings.AWS_CA_BUNDLE
        )


read_secret_key()
application: WSGIHandler = get_wsgi_application()
application.request_class = Request
# There is no SQL database and no cache server, whose connections Django would check before and after each request.
for _receiver in (reset_queries, close_old_connections):
    request_started.disconnect(_receiver)
for _receiver in (close_caches, close_old_connections):
    request_finished.disconnect(_receiver)
if settings.TLS_UNDECIDED:
    logging.getLogger(__name__).warning(
        "EVENTS_HTTPS is not set, so passwords and cookies are sent unencrypted. Set it to true if a proxy serves this "
        "site over TLS, or to false if nobody else can read the network."
    )
