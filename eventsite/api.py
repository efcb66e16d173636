"""The site's NinjaAPI: the events router and the health check, put together."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe
from ninja import NinjaAPI, Router

from events import repository
from events.api import router as events_router
from events.domain import StorageError
from events.schemas import Error
from eventsite import errors
from eventsite.bodies import JSONBodyParser

health_router = Router(tags=["health"])


@health_router.get(
    "/healthz", operation_id="checkHealth", response={200: dict[str, str], 400: Error, 500: Error, 503: Error}
)
def check_health(request: HttpRequest) -> HttpResponse:
    """Whether DynamoDB answers."""
    try:
        repository.ping()
    except StorageError as error:
        errors.logger.error("Not healthy: %s", error)
        return errors.answer(503)
    return HttpResponse(b'{"status":"ok"}', "application/json")


api = NinjaAPI(
    title="Events",
    version="1.0.0",
    description="Events: create, read, list, change and delete them. Every error is JSON with a `detail` sentence.",
    docs_url="/docs",
    openapi_url="/openapi.json",
    urls_namespace="api",
    docs_decorator=require_safe,
    parser=JSONBodyParser(),
)
api.add_router("/events", events_router)
api.add_router("", health_router)
for exception in errors.ANSWERS:
    api.add_exception_handler(exception, errors.handle)
