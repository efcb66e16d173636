"""The site's NinjaAPI: the routers of events and changes, and the health check."""

from __future__ import annotations

import json
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import get_script_prefix
from ninja import NinjaAPI, Router
from ninja.errors import ValidationError, ValidationErrorContext
from ninja.openapi.docs import Swagger
from ninja.openapi.schema import OpenAPISchema

from events.api.access import WHO_NEEDS_A_KEY
from events.api.bodies import JSONBodyParser
from events.api.changes import router as changes_router
from events.api.endpoints import router as events_router
from events.api.history import router as history_router
from events.domain import StorageError
from events.storage import events as repository
from eventsite import errors
from eventsite.docs_access import for_readers

health_router = Router(tags=["health"])


class Docs(Swagger):
    """The reference as a page of this site. Its button loads Swagger, with the packaged files."""

    def render_page(self, request: HttpRequest, api: NinjaAPI, **kwargs: Any) -> HttpResponse:
        from eventsite.reference import reference_of  # noqa: PLC0415  # the API starts without it

        context = {
            "api": reference_of(api, get_script_prefix()),
            "access": WHO_NEEDS_A_KEY[settings.EVENTS_API_ACCESS],
            "swagger_settings": json.dumps({**self.settings, "url": self.get_openapi_url(api, kwargs)}),
        }
        return render(request, "docs.html", context)


class DocumentedAPI(NinjaAPI):
    """Completes the OpenAPI document, and adds the codes of broken rules to errors."""

    def get_openapi_schema(self, **_: Any) -> OpenAPISchema:
        """With the prefix of the site's addresses in `servers`, not in the paths."""
        from events.api import openapi  # noqa: PLC0415  # the API starts without it
        from eventsite.api_errors import api_errors  # noqa: PLC0415

        document = super().get_openapi_schema(path_prefix="")
        openapi.complete(document, get_script_prefix().rstrip("/"), api_errors())
        return document

    def validation_error_from_error_contexts(
        self, error_contexts: list[ValidationErrorContext[Any]]
    ) -> ValidationError:
        """Keeps the exceptions of the rules. django-ninja keeps only their messages."""
        return ValidationError(
            [
                {**error, "loc": (context.model.__ninja_param_source__, *error["loc"])}
                for context in error_contexts
                for error in context.pydantic_validation_error.errors(include_url=False, include_input=False)
            ]
        )


@health_router.get("/healthz", operation_id="checkHealth")
def check_health(request: HttpRequest) -> HttpResponse:
    """Check whether DynamoDB responds."""
    try:
        repository.ping()
    except StorageError as error:
        errors.logger.error("Health check failed: %s", error)
        return errors.json_response(errors.STORAGE_UNAVAILABLE)
    return HttpResponse(b'{"status":"ok"}', "application/json", headers={"Cache-Control": "no-store"})


api = DocumentedAPI(
    title="Events",
    version="1.0.0",
    description="Create, read, list, change and delete events. Every error is JSON with a `detail` and a `code`. "
    "Every response has an `X-Request-Id`, the ID of the request, to report a problem.",
    # Swagger shows the schemas on a click: to draw them all takes a phone seconds.
    docs=Docs(settings={"defaultModelsExpandDepth": 0}),
    docs_url="/docs",
    openapi_url="/openapi.json",
    urls_namespace="api",
    docs_decorator=for_readers,
    parser=JSONBodyParser(),
)
api.add_router("/events", events_router)
api.add_router("/events", history_router)
api.add_router("/changes", changes_router)
api.add_router("", health_router)
for exception in errors.ERRORS:
    api.add_exception_handler(exception, errors.handle)
