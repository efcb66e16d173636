"""The pages for API keys."""

from __future__ import annotations

from datetime import UTC, datetime

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from events.api.access import WHO_NEEDS_A_KEY
from eventsite.accounts import keys
from eventsite.accounts.domain import Rotation, Scope
from eventsite.accounts.errors import KeyChangedError, KeyNameTakenError
from eventsite.accounts.forms import AddKeyForm, RotateKeyForm
from eventsite.accounts.roles import actor_of

form_page = require_http_methods(["GET", "HEAD", "POST"])


@require_safe
def list_keys(request: HttpRequest) -> HttpResponse:
    listed = keys.list_keys()
    access = WHO_NEEDS_A_KEY[settings.EVENTS_API_ACCESS]
    context = {"keys": listed, "expiring": keys.list_expiring(listed), "access": access, "now": datetime.now(UTC)}
    return render(request, "accounts/keys.html", context)


@form_page
def add_key(request: HttpRequest) -> HttpResponse:
    form = AddKeyForm(request.POST or None)
    if form.is_valid():
        typed, actor = form.cleaned_data, actor_of(request)
        name, scope = typed["name"], Scope(typed["scope"])
        try:
            key, token = keys.create_key(name, scope, actor, form.seed(actor), typed["lifetime"])
        except KeyNameTakenError:
            form.add_error("name", "Another key has this name. Choose a different name.")
        else:
            return render(request, "accounts/new_key.html", {"key": key, "token": token})
    return render(request, "accounts/add_key.html", {"form": form})


@form_page
def rotate_key(request: HttpRequest, key_id: str) -> HttpResponse:
    key, changed = keys.get_key(key_id), False
    form = RotateKeyForm(key, request.POST or None)
    if form.is_valid():
        typed, actor = form.cleaned_data, actor_of(request)
        rotation = Rotation(typed["keep_current"], typed["lifetime"], typed["since"])
        try:
            key, token = keys.rotate_key(key_id, actor, rotation, form.seed(actor))
        except KeyChangedError:
            key, changed = keys.get_key(key_id), True
            form = RotateKeyForm(key)
        else:
            return render(request, "accounts/new_key.html", {"key": key, "token": token})
    context = {"key": key, "form": form, "changed": changed, "now": datetime.now(UTC)}
    return render(request, "accounts/rotate_key.html", context, status=409 if changed else 200)


@form_page
def revoke_key(request: HttpRequest, key_id: str) -> HttpResponse:
    if request.method != "POST":
        return render(request, "accounts/revoke_key.html", {"key": keys.get_key(key_id)})
    key = keys.revoke_key(key_id, actor_of(request))
    messages.success(request, f"Key {key.name} revoked. It stops working within 30 seconds.")
    return redirect("accounts:keys")
