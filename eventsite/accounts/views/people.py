"""The pages for staff accounts."""

from __future__ import annotations

from collections import Counter

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from eventsite.accounts import factors, keys, people, session_list
from eventsite.accounts.domain import Role
from eventsite.accounts.errors import LastAdminError, StaffChangedError, StaffExistsError
from eventsite.accounts.forms import AddPersonForm, ResetPasswordForm, RoleForm
from eventsite.accounts.roles import actor_of

_LAST_ADMIN = "{} is the last active admin. Make someone else an admin first."

form_page = require_http_methods(["GET", "HEAD", "POST"])


@require_safe
def list_people(request: HttpRequest) -> HttpResponse:
    return render(request, "accounts/people.html", {"people": people.list_staff()})


@form_page
def add_person(request: HttpRequest) -> HttpResponse:
    form = AddPersonForm(request.POST or None)
    if form.is_valid():
        username, role, actor = form.cleaned_data["username"], Role(form.cleaned_data["role"]), actor_of(request)
        try:
            password = people.add_person(username, role, actor, form.seed(actor))
        except StaffExistsError:
            form.add_error("username", "This username is already taken, perhaps by a deactivated account.")
        else:
            return _one_time_password(request, username, password, added=True)
    return render(request, "accounts/add_person.html", {"form": form})


@form_page
def person(request: HttpRequest, username: str) -> HttpResponse:
    staff = people.get_staff(username)
    form = RoleForm(request.POST or None, initial={"role": staff.role})
    if form.is_valid():
        role, actor = Role(form.cleaned_data["role"]), actor_of(request)
        left = keys.list_keys_of(username) if staff.is_admin and role != Role.ADMIN else []
        if left and "confirmed" not in request.POST:
            return render(request, "accounts/lower_role.html", {"person": staff, "role": role, "keys": left})
        try:
            people.change_role(username, role, actor)
        except LastAdminError:
            form.add_error("role", _LAST_ADMIN.format(username))
        else:
            said = f"{username} is now {'an' if role != Role.VIEWER else 'a'} {role}."
            if not Role(staff.role).includes(role):
                said += " They were signed out and get the role at their next sign-in."
            messages.success(request, f"{said} {_revoke(request, username)}".strip())
            return redirect("accounts:people")
    context = {
        "person": staff,
        "form": form,
        "sessions": len(session_list.list_sessions(staff).sessions),
        "methods": Counter(factor.method_label for factor in factors.list_factors(staff)),
    }
    return render(request, "accounts/person.html", context)


@form_page
def deactivate(request: HttpRequest, username: str) -> HttpResponse:
    staff = people.get_staff(username)
    if request.method != "POST":
        return render(request, "accounts/deactivate.html", {"person": staff, "keys": keys.list_keys_of(username)})
    try:
        people.deactivate(username, actor_of(request))
    except LastAdminError:
        messages.error(request, _LAST_ADMIN.format(username))
        return redirect("accounts:person", username)
    said = f"{username} was deactivated and signed out everywhere."
    messages.success(request, f"{said} {_revoke(request, username)}".strip())
    return redirect("accounts:people")


@require_POST
def reactivate(request: HttpRequest, username: str) -> HttpResponse:
    people.reactivate(username, actor_of(request))
    expired = people.get_staff(username).one_time_password_expired
    how = "after you reset the password: the one-time password has expired" if expired else "with the same password"
    messages.success(request, f"{username} can sign in again {how}.")
    return redirect("accounts:person", username)


@form_page
def reset_password(request: HttpRequest, username: str) -> HttpResponse:
    actor, changed = actor_of(request), False
    form = ResetPasswordForm(request.POST)
    if request.method == "POST" and form.is_valid():
        try:
            password = people.reset_password(username, actor, form.seed(actor), form.cleaned_data["state"])
        except StaffChangedError:
            changed = True
        else:
            if revoked := _revoke(request, username):
                messages.success(request, revoked)
            return _one_time_password(request, username, password, added=False)
    staff = people.get_staff_to_reset(username, actor)
    form = ResetPasswordForm(initial={"state": people.password_state(staff)})
    context = {"person": staff, "form": form, "changed": changed, "keys": keys.list_keys_of(username)}
    return render(request, "accounts/reset_password.html", context, status=409 if changed else 200)


def _revoke(request: HttpRequest, username: str) -> str:
    """Revokes the selected keys that this person created. Returns a sentence that says so."""
    count = keys.revoke_keys_of(username, request.POST.getlist("revoke"), actor_of(request))
    return f"{count} key{'s were' if count > 1 else ' was'} revoked." if count else ""


def _one_time_password(request: HttpRequest, username: str, password: str, added: bool) -> HttpResponse:
    """Shows the password in this response only; it is not stored."""
    until = people.get_staff(username).one_time_until
    context = {"username": username, "password": password, "added": added, "until": until}
    return render(request, "accounts/one_time_password.html", context)
