"""The pages for sessions, and "Sign in again" before changes that need a recent sign-in."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from eventsite.accounts import people, session_list
from eventsite.accounts.forms import SignInAgainForm
from eventsite.accounts.models import Staff
from eventsite.accounts.roles import actor_of, staff_of
from eventsite.accounts.sessions import mark_signed_in_again, signed_in_recently
from eventsite.accounts.views.account import SignIn

form_page = require_http_methods(["GET", "HEAD", "POST"])

ALL, OTHERS = "all", "others"  # instead of the ID of a session


class SignInAgain(SignIn):
    """For the signed-in user only. Then returns to the page that asked for it."""

    template_name = "accounts/sign_in_again.html"
    authentication_form: Any = SignInAgainForm

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if signed_in_recently(request):  # in another tab
            return HttpResponseRedirect(self.get_success_url())
        return self.render_to_response(self.get_context_data())

    def form_valid(self, form: Any) -> HttpResponse:
        mark_signed_in_again(self.request)
        return HttpResponseRedirect(self.get_success_url())


@form_page
def own_sessions(request: HttpRequest) -> HttpResponse:
    """Where the user is signed in. To sign out everywhere has an address of its own."""
    staff = staff_of(request)
    if request.method != "POST":
        return _show(request, staff)
    if request.POST.get("end") == OTHERS:
        people.sign_out_everywhere(staff, keep=request)
        messages.success(request, "You were signed out everywhere else.")
    else:
        _end_one(request, staff)
    return redirect("accounts:sessions")


@form_page
def person_sessions(request: HttpRequest, username: str) -> HttpResponse:
    """The same for admins, of any account."""
    staff = people.get_staff(username)
    if request.method != "POST":
        return _show(request, staff)
    if request.POST.get("end") == ALL:
        people.sign_out_everywhere(staff, actor_of(request))
        messages.success(request, f"{username} was signed out everywhere.")
    else:
        _end_one(request, staff)
    return redirect("accounts:person_sessions", username)


def _show(request: HttpRequest, staff: Staff) -> HttpResponse:
    listed = session_list.list_sessions(staff, str(request.session.session_key))
    context = {
        "person": staff,
        "sessions": listed.sessions,
        "full": listed.full,
        "idle_days": settings.EVENTS_SESSION_IDLE_DAYS,
        "days": settings.EVENTS_SESSION_DAYS,
    }
    return render(request, "accounts/sessions.html", context)


def _end_one(request: HttpRequest, staff: Staff) -> None:
    if session_list.end_session(staff, request.POST.get("end", ""), actor_of(request)):
        messages.success(request, "The session was ended.")
    else:
        messages.info(request, "This session had already ended.")
