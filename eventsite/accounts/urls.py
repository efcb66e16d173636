"""The addresses of accounts and keys, and the role that each requires."""

from __future__ import annotations

from eventsite.accounts.roles import ADMIN, ANYONE, VIEWER, page
from eventsite.accounts.views import account, factors, keys, passkeys, people, security_log, sessions

app_name = "accounts"

urlpatterns = [
    page("login/", account.SignIn.as_view(), ANYONE, "login"),
    page("login/again/", sessions.SignInAgain.as_view(), VIEWER, "sign_in_again"),
    page("login/second/", factors.second_step, ANYONE, "second_step"),
    page("login/passkey/", passkeys.SignInWithPasskey.as_view(), ANYONE, "passkey_sign_in"),
    page("login/passkey/options/", passkeys.sign_in_options, ANYONE, "passkey_options"),
    page("logout/", account.SignOut.as_view(), ANYONE, "logout"),
    page("account/", account.account, VIEWER, "account"),
    page("account/password/", account.ChangePassword.as_view(), VIEWER, "password"),
    page("account/sessions/", sessions.own_sessions, VIEWER, "sessions", recent="POST"),
    page("account/factors/", factors.list_factors, VIEWER, "factors"),
    page("account/factors/authenticator/", factors.add_authenticator, VIEWER, "add_authenticator", recent=True),
    page("account/passkeys/new/", passkeys.add_passkey, VIEWER, "add_passkey", recent=True),
    page("account/passkeys/new/options/", passkeys.new_passkey_options, VIEWER, "new_passkey_options", recent=True),
    page("account/factors/recovery-codes/", factors.new_codes, VIEWER, "new_codes", recent=True),
    page("account/factors/<str:factor_id>/remove/", factors.remove_factor, VIEWER, "remove_factor", recent=True),
    page("account/sign-out-everywhere/", account.sign_out_everywhere, VIEWER, "sign_out_everywhere", recent=True),
    page("account/feed/", account.renew_feed, VIEWER, "renew_feed", recent=True),
    page("account/feed/end/", account.end_feed, VIEWER, "end_feed", recent=True),
    page("account/feed/choice/", account.choose_feed, VIEWER, "choose_feed"),
    page("people/", people.list_people, ADMIN, "people"),
    page("people/new/", people.add_person, ADMIN, "add_person", recent=True),
    page("people/<str:username>/", people.person, ADMIN, "person", recent="POST"),
    page("people/<str:username>/deactivate/", people.deactivate, ADMIN, "deactivate", recent=True),
    page("people/<str:username>/reactivate/", people.reactivate, ADMIN, "reactivate", recent=True),
    page("people/<str:username>/reset-password/", people.reset_password, ADMIN, "reset_password", recent=True),
    page("people/<str:username>/sessions/", sessions.person_sessions, ADMIN, "person_sessions", recent="POST"),
    page("people/<str:username>/remove-factors/", factors.remove_factors_of, ADMIN, "remove_factors", recent=True),
    page("keys/", keys.list_keys, ADMIN, "keys"),
    page("keys/new/", keys.add_key, ADMIN, "add_key", recent=True),
    page("keys/<str:key_id>/rotate/", keys.rotate_key, ADMIN, "rotate_key", recent=True),
    page("keys/<str:key_id>/revoke/", keys.revoke_key, ADMIN, "revoke_key", recent=True),
    page("security/", security_log.show_security_log, ADMIN, "security_log"),
    page("security/export/", security_log.export_security_log, ADMIN, "export_security_log"),
]
