"""Query parameters that an operation does not have, or has twice, are errors beside those that django-ninja finds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from django.http import HttpRequest
from ninja import Router
from ninja.operation import Operation
from pydantic_core import InitErrorDetails, ValidationError

from events.api.bodies import MAX_FIELDS
from events.rules import RuleError


class StrictRouter(Router):
    """Its operations refuse query parameters that they do not have."""

    def add_api_operation(self, path: str, methods: list[str], view_func: Callable[..., Any], **options: Any) -> None:
        super().add_api_operation(path, methods, view_func, **options)
        operation: Operation = view_func._ninja_operation  # type: ignore[attr-defined]  # noqa: SLF001
        operation.models.append(_NoOtherParameters(operation.models))


class _NoOtherParameters:
    """For django-ninja, a further model of the request, which has no parameters."""

    __ninja_param_source__ = "query"

    def __init__(self, models: Sequence[Any]) -> None:
        queries = [model for model in models if model.__ninja_param_source__ == "query"]
        self._known = [name for model in queries for name in model.__ninja_flatten_map__]
        self._repeatable = {name for model in queries for name in model.__ninja_collection_fields__}

    def resolve(self, request: HttpRequest, *_: Any) -> dict[str, Any]:
        if not request.META.get("QUERY_STRING"):
            return {}
        errors = [
            InitErrorDetails(type="value_error", loc=(name,), input=None, ctx={"error": error})
            for name, error in self._errors(request)
        ]
        if errors:
            raise ValidationError.from_exception_data("query", errors)
        return {}

    def model_json_schema(self, **_: Any) -> dict[str, Any]:
        return {"properties": {}}

    def _errors(self, request: HttpRequest) -> Iterator[tuple[str, RuleError]]:
        if len(request.GET) > MAX_FIELDS:
            yield "query", RuleError("too_many", f"has {len(request.GET):,} parameters")
            return
        for name, values in request.GET.lists():
            if name not in self._known:
                yield name, RuleError("unknown_parameter", self._unknown(name))
            elif len(values) > 1 and name not in self._repeatable:
                yield name, RuleError("repeated", "must be given only once")

    def _unknown(self, name: str) -> str:
        if not self._known:
            return "is not a query parameter; this request has none"
        from difflib import get_close_matches  # noqa: PLC0415  # only mistakes need it

        similar = "".join(f", but {match} is" for match in get_close_matches(name[:40].lower(), self._known, 1))
        return f"is not a query parameter{similar}; the query parameters are {', '.join(self._known)}"
