"""Sign-in, sign-out, and the user's own account."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.views import LoginView, LogoutView, PasswordChangeView, RedirectURLMixin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from events.calendar_feed import DAYS_BACK, MAX_BYTES, MAX_EVENTS, PREFERENCE, FeedChoice
from events.fields import allows
from events.services import statuses_in_use
from eventsite import observed
from eventsite.accounts import feeds, people, security_log, signing_in
from eventsite.accounts.errors import StaffChangedError
from eventsite.accounts.forms import ChangePasswordForm, FeedForm, SignInForm
from eventsite.accounts.known_browsers import remember_browser
from eventsite.accounts.models import Staff
from eventsite.accounts.preferences import PreferencesTooLongError, set_preference
from eventsite.accounts.roles import actor_of, staff_of

# Unsaved texts in the other tabs, which site.js cannot reach. Not "cache", which takes seconds and holds no pages.
_CLEARED = '"storage"'


class SignIn(LoginView):
    template_name = "accounts/login.html"
    authentication_form = SignInForm

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Signed-in users need no form. But POST must sign in again, or a session planted by an attacker would stay."""
        if isinstance(request.user, Staff):
            return HttpResponseRedirect(self.get_success_url())
        return super().get(request, *args, **kwargs)

    def get_redirect_url(self, request: HttpRequest | None = None) -> str:
        """Never this page, which would redirect a signed-in user to itself."""
        url: str = super().get_redirect_url()
        return "" if url.startswith(self.request.path) else url

    def form_valid(self, form: Any) -> HttpResponse:
        return signing_in.redirect(
            self.request, signing_in.begin(self.request, form.get_user(), self.get_success_url())
        )

    def form_invalid(self, form: Any) -> HttpResponse:
        response = super().form_invalid(form)
        if form.has_error("__all__", "locked"):
            response.status_code = 429
        return response


class SignOut(LogoutView):
    next_page = "accounts:login"

    def get_redirect_url(self, request: HttpRequest | None = None) -> str:
        return ""  # always next_page

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        username = request.user.username if isinstance(request.user, Staff) else ""
        response = super().post(request, *args, **kwargs)
        response.headers["Clear-Site-Data"] = _CLEARED
        if username:
            observed.current().actor = username
            security_log.record("signed-out", username)  # afterwards: it must never prevent somebody from signing out
        messages.success(request, "You have signed out.")
        return response


class ChangePassword(RedirectURLMixin, PasswordChangeView):
    template_name = "accounts/password.html"
    form_class = ChangePasswordForm
    next_page = "accounts:account"

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "session_key": self.request.session.session_key}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(next=self.get_redirect_url(), **kwargs)

    def form_valid(self, form: Any) -> HttpResponse:
        response = super().form_valid(form)
        remember_browser(self.request, response, form.user)
        messages.success(self.request, "Password changed. You were signed out everywhere else.")
        return response


@require_safe
def account(request: HttpRequest) -> HttpResponse:
    staff = staff_of(request)
    choice = FeedChoice.read(staff.preferences)
    context = {
        "feed_form": FeedForm(initial={"state": feeds.feed_state(staff)}),
        "choice": choice,
        "days_back": DAYS_BACK,
        "statuses": sorted(choice.hidden.union(statuses_in_use())),
        "feed_events": MAX_EVENTS,
        "feed_megabytes": MAX_BYTES // 1_000_000,
    }
    return render(request, "accounts/account.html", context)


@require_POST
def choose_feed(request: HttpRequest) -> HttpResponse:
    """Stores what the user's feed contains. Invalid values change nothing."""
    days, hidden = request.POST.get("days", ""), request.POST.getlist("hidden")
    if days not in map(str, DAYS_BACK) or not all(allows("status", status) for status in hidden):
        messages.error(request, "This choice is invalid. Nothing was changed. Please choose again.")
        return redirect("accounts:account")
    try:
        set_preference(staff_of(request), PREFERENCE, FeedChoice(int(days), frozenset(hidden)).stored)
    except PreferencesTooLongError:
        messages.error(request, "Your account has no space for so many statuses. Nothing was changed. Select fewer.")
    else:
        messages.success(request, "Saved. Calendar applications show the change when they next refresh.")
    return redirect("accounts:account")


@require_POST
def sign_out_everywhere(request: HttpRequest) -> HttpResponse:
    people.sign_out_everywhere(staff_of(request))
    logout(request)
    messages.success(request, "You were signed out everywhere.")
    response = redirect("accounts:login")
    response.headers["Clear-Site-Data"] = _CLEARED
    return response


@require_POST
def renew_feed(request: HttpRequest) -> HttpResponse:
    """Shows the new address in this response only; it is not stored."""
    staff, form = staff_of(request), FeedForm(request.POST)
    replaced, valid = staff.has_feed, form.is_valid()
    try:
        token = feeds.renew_feed(
            staff, form.seed(actor_of(request)) if valid else None, form.cleaned_data.get("state", "")
        )
    except StaffChangedError:
        messages.error(request, "The address has changed since you opened the page, so nothing was done.")
        return redirect("accounts:account")
    feed = request.build_absolute_uri(reverse("pages:feed", args=[token]))
    context = {"feed": feed, "subscribe": f"webcal://{feed.partition('://')[2]}", "replaced": replaced}
    return render(request, "accounts/feed_address.html", context)


@require_POST
def end_feed(request: HttpRequest) -> HttpResponse:
    feeds.end_feed(staff_of(request))
    messages.success(request, "Your calendar feed was turned off. Its address no longer works.")
    return redirect("accounts:account")
