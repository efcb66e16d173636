"""The pages for sessions, and "Sign in again" before changes that need a recent sign-in."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from eventsite.accounts.forms import SignInAgainForm
from eventsite.accounts.sessions import mark_signed_in_again, signed_in_recently
from eventsite.accounts.views.account import SignIn


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
