"""The second step of a sign-in, and the pages that set up two-step sign-in."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods, require_safe

from eventsite.accounts import factors, people, signing_in, totp
from eventsite.accounts.errors import (
    FactorNameTakenError,
    FactorNotFoundError,
    FactorRequiredError,
    LockedOutError,
    StaffChangedError,
    TooManyFactorsError,
)
from eventsite.accounts.factor_forms import AddAuthenticatorForm, NewCodesForm, SecondStepForm
from eventsite.accounts.forms import locked_out
from eventsite.accounts.models import Staff
from eventsite.accounts.roles import actor_of, staff_of

form_page = require_http_methods(["GET", "HEAD", "POST"])

_WRONG_CODE = (
    "This code is wrong, or was already used. Wait for the next code of your app, or use another recovery code."
)


@form_page
def second_step(request: HttpRequest) -> HttpResponse:
    """Asks for a code after the right password."""
    if isinstance(request.user, Staff):
        return redirect("pages:home")
    waiting = signing_in.pending(request)
    if waiting is None or "start_again" in request.POST:
        return _start_again(request, ended=waiting is None)
    staff, next_page = waiting
    listed = factors.list_factors(staff)
    methods = {factor.method for factor in listed}
    recovery = "recovery" in request.GET or "totp" not in methods
    form, status = SecondStepForm(request.POST or None, recovery), 200
    if form.is_valid():
        code = form.cleaned_data["code"]
        try:
            if factors.use_code(staff, code):
                signing_in.finish(request, staff, code.method)
                if code.method == "recovery-code":
                    _say_how_many_are_left(request, staff)
                return signing_in.redirect(request, next_page)
            form.add_error("code", _WRONG_CODE)
        except LockedOutError as error:
            form.add_error(None, locked_out(error))
            status = 429
    unusable = factors.find_unusable(staff, listed)
    context = {"form": form, "methods": methods, "recovery": recovery, "unusable": unusable, "username": staff.username}
    return render(request, "accounts/second_step.html", context, status=status)


def _start_again(request: HttpRequest, ended: bool) -> HttpResponse:
    next_page = signing_in.cancel(request)
    if ended and next_page is not None:
        minutes = int(signing_in.TIME_FOR_SECOND_STEP.total_seconds() / 60)
        messages.error(
            request,
            f"Please sign in again: the second step took longer than {minutes} minutes, or your account has changed.",
        )
    query = f"?{urlencode({'next': next_page}, safe='/')}" if next_page else ""
    return HttpResponseRedirect(reverse("accounts:login") + query)


def _say_how_many_are_left(request: HttpRequest, staff: Staff) -> None:
    codes = factors.get_codes(staff)
    left = len(codes.hashes) if codes else 0
    messages.warning(request, f"You used a recovery code. {left} of {factors.NUMBER_OF_CODES} are left.")


@require_safe
def list_factors(request: HttpRequest) -> HttpResponse:
    staff = staff_of(request)
    listed = factors.list_factors(staff)
    context = {
        "factors": listed,
        "unusable": factors.find_unusable(staff, listed),
        "codes": factors.get_codes(staff) if listed else None,
        "number_of_codes": factors.NUMBER_OF_CODES,
        "full": len(listed) >= factors.MAX_FACTORS,
        "next": next_page_of(request),
    }
    return render(request, "accounts/factors.html", context)


@form_page
def add_authenticator(request: HttpRequest) -> HttpResponse:
    staff, next_page = staff_of(request), next_page_of(request)
    form = AddAuthenticatorForm(staff, request.POST or None)
    if form.is_valid():
        name, seed = form.cleaned_data["name"], form.seed(actor_of(request))
        try:
            codes = factors.add_authenticator(staff, name, form.secret, form.cleaned_data["code"], seed)
        except (FactorNameTakenError, TooManyFactorsError) as error:
            form.refuse(error)
        else:
            return show_added(request, name, codes, next_page)
    address = totp.address(form.secret, staff.username, request.get_host())
    secret = " ".join(form.secret[start : start + 4] for start in range(0, len(form.secret), 4))
    context = {"form": form, "address": address, "qr_code": totp.qr_code(address), "secret": secret, "next": next_page}
    return render(request, "accounts/add_authenticator.html", context)


def show_added(request: HttpRequest, name: str, codes: list[str], next_page: str) -> HttpResponse:
    """The recovery codes after the first factor (they are not stored in clear); after another one, the list."""
    if codes:
        return _show_codes(request, codes, next_page, added=name)
    messages.success(request, f"{name} was added.")
    return HttpResponseRedirect(next_page or reverse("accounts:factors"))


@form_page
def remove_factor(request: HttpRequest, factor_id: str) -> HttpResponse:
    staff = staff_of(request)
    try:
        if request.method != "POST":
            factor = factors.get_factor(staff, factor_id)
            context = {"factor": factor, "last": factors.is_last(staff, factor_id)}
            return render(request, "accounts/remove_factor.html", context)
        messages.success(request, f"{factors.remove_factor(staff, factor_id).name} was removed.")
    except FactorNotFoundError:
        messages.error(request, "This was already removed.")
    except FactorRequiredError:
        messages.error(request, "This is your last one, and you need one to sign in. Add another one first.")
    return redirect("accounts:factors")


@form_page
def new_codes(request: HttpRequest) -> HttpResponse:
    staff, changed = staff_of(request), False
    if not staff.has_factors:
        return redirect("accounts:factors")
    form = NewCodesForm(request.POST)
    if request.method == "POST" and form.is_valid():
        try:
            codes = factors.replace_codes(staff, form.seed(actor_of(request)), form.cleaned_data["made_at"])
        except StaffChangedError:
            changed = True
        else:
            return _show_codes(request, codes)
    current = factors.get_codes(staff)
    form = NewCodesForm(initial={"made_at": current.made_at.isoformat() if current else ""})
    context = {"form": form, "codes": current, "changed": changed}
    return render(request, "accounts/new_codes.html", context, status=409 if changed else 200)


def _show_codes(request: HttpRequest, codes: list[str], next_page: str = "", added: str = "") -> HttpResponse:
    """Shows the codes in this response only."""
    file = f"Recovery codes of {staff_of(request).username} at {request.get_host()}\r\n\r\n" + "\r\n".join(codes)
    context: dict[str, Any] = {"codes": codes, "file": file, "next": next_page, "added": added}
    return render(request, "accounts/recovery_codes.html", context)


@form_page
def remove_factors_of(request: HttpRequest, username: str) -> HttpResponse:
    """For admins, if a person has lost all factors. For their own factors, admins have the page of every user."""
    person = people.get_staff(username)
    if person.username == staff_of(request).username:
        messages.error(
            request, "You cannot remove your own two-step sign-in there. Here you can remove each second step."
        )
        return redirect("accounts:factors")
    if request.method != "POST":
        return render(request, "accounts/remove_factors.html", {"person": person})
    people.remove_factors(username, actor_of(request))
    messages.success(request, f"{username} now signs in with the password only, and was signed out everywhere.")
    return redirect("accounts:person", username)


def next_page_of(request: HttpRequest) -> str:
    """The page to open afterwards; empty if it is not a page of this site."""
    asked = request.POST.get("next", request.GET.get("next", ""))
    allowed = url_has_allowed_host_and_scheme(asked, {request.get_host()}, require_https=request.is_secure())
    return asked if allowed else ""
