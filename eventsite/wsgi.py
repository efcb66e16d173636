"""The site as a WSGI application, for any server that speaks it."""

from __future__ import annotations

import os
from typing import Any

from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.core.wsgi import get_wsgi_application
from django.utils.http import parse_header_parameters

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "eventsite.settings")


class Request(WSGIRequest):
    """A request whose address and forms are UTF-8, whatever it says: Django would believe it, and some of it fails.

    This is before any middleware: what is raised here has no answer.
    """

    def __init__(self, environ: dict[str, Any]) -> None:
        path = environ.get("PATH_INFO", "")
        if not path.isascii():
            try:
                path.encode("latin-1").decode()
            except UnicodeError:
                # Django would write out the bytes that are none as "%FF", another event's id. No id has a NUL.
                path = f"{path.encode('latin-1').decode(errors='replace')}\0"
                environ = {**environ, "PATH_INFO": path.encode().decode("latin-1")}
        super().__init__(environ)

    def _set_content_type_params(self, meta: dict[str, Any]) -> None:
        """Without the charset: "hex" and "idna" are codecs of Python's, too."""
        try:
            self.content_type, self.content_params = parse_header_parameters(meta.get("CONTENT_TYPE", ""))
        except ValueError:  # some other parameter is in a charset that there is not
            self.content_type, self.content_params = "", {}


application: WSGIHandler = get_wsgi_application()
application.request_class = Request
