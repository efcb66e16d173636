"""Adding a passkey, and signing in with one. `passkeys.js` sends these requests."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.views import RedirectURLMixin
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views import View
from django.views.decorators.http import require_http_methods, require_POST

from eventsite.accounts import factors, lockout, passkeys, security_log, signing_in
from eventsite.accounts.devices import device_of
from eventsite.accounts.errors import FactorNameTakenError, LockedOutError, PasskeyRefusedError, TooManyFactorsError
from eventsite.accounts.factor_forms import AddPasskeyForm
from eventsite.accounts.forms import locked_out
from eventsite.accounts.models import Staff
from eventsite.accounts.roles import actor_of, staff_of
from eventsite.accounts.views.factors import next_page_of, show_added


@require_http_methods(["GET", "HEAD", "POST"])
def add_passkey(request: HttpRequest) -> HttpResponse:
    staff, next_page = staff_of(request), next_page_of(request)
    form = AddPasskeyForm(request.POST or None, initial={"name": _new_name(request)})
    if form.is_valid():
        name, credential = form.cleaned_data["name"], form.cleaned_data["credential"]
        try:
            passkey = passkeys.complete_registration(request, name, credential)
            codes = factors.add_factor(staff, passkey, form.seed(actor_of(request)))
        except PasskeyRefusedError as error:
            form.add_error(None, error.sentence)
        except (FactorNameTakenError, TooManyFactorsError) as error:
            form.refuse(error)
        else:
            return show_added(request, name, codes, next_page)
    context = {
        "form": form,
        "host_name": passkeys.host_name(request),
        "origin_with_name": passkeys.origin_with_name(request),
        "next": next_page,
    }
    return render(request, "accounts/add_passkey.html", context, status=422 if form.errors else 200)


def _new_name(request: HttpRequest) -> str:
    """Such as "Chrome on Linux", or "Chrome on Linux 2" for another security key on the same computer."""
    device, staff = device_of(request.headers.get("User-Agent", "")), staff_of(request)
    taken = {factor.name.casefold() for factor in factors.list_factors(staff)} if request.method != "POST" else set()
    names = (device, *(f"{device} {number}" for number in range(2, factors.MAX_FACTORS + 2)))
    return next(name for name in names if name.casefold() not in taken)


@require_POST
def new_passkey_options(request: HttpRequest) -> HttpResponse:
    form = AddPasskeyForm(request.POST)
    if form.is_valid():
        try:
            return JsonResponse(passkeys.begin_registration(request, staff_of(request), form.cleaned_data["name"]))
        except (FactorNameTakenError, TooManyFactorsError) as error:
            form.refuse(error)
    [(field, [sentence, *_]), *_] = form.errors.items()
    raise PasskeyRefusedError("the name", f"Name: {sentence}" if field == "name" else str(sentence))


@require_POST
def sign_in_options(request: HttpRequest) -> HttpResponse:
    """For the second step and for signing in again, only the passkeys of this person."""
    try:
        _attempts(request).count()
    except LockedOutError as error:
        return JsonResponse({"detail": locked_out(error).message, "code": "locked"}, status=429)
    pending = signing_in.pending(request)
    user = request.user if isinstance(request.user, Staff) else None
    return JsonResponse(passkeys.begin_sign_in(request, pending.staff if pending else user))


def _attempts(request: HttpRequest) -> lockout.Attempts:
    return lockout.attempts_with_passkeys(request.META.get("REMOTE_ADDR", ""))


class SignInWithPasskey(RedirectURLMixin, View):
    http_method_names = ("post",)
    next_page = settings.LOGIN_REDIRECT_URL

    def post(self, request: HttpRequest) -> HttpResponse:
        pending = signing_in.pending(request)
        try:
            staff = passkeys.complete_sign_in(
                request, request.POST.get("credential", ""), has_password=pending is not None
            )
        except PasskeyRefusedError:
            user = pending.staff if pending else request.user
            whom = user.username if isinstance(user, Staff) else ""
            security_log.record("sign-in-failed", whom=whom, detail="passkey", once_a_minute=True)
            raise
        location = pending.next_page if pending else self.get_success_url()
        signing_in.finish(request, staff, "passkey")
        _attempts(request).forget()
        return signing_in.remember(request, JsonResponse({"location": location}))
