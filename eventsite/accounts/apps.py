"""Two apps of Django that accounts are based on, without their migrations.

No database has their tables, and loading migrations takes a tenth of a cold start.
"""

from __future__ import annotations

from django.apps import AppConfig


class InertAuth(AppConfig):
    name = "django.contrib.auth"
    default_auto_field = "django.db.models.AutoField"

    def ready(self) -> None:
        from django.contrib.auth.models import update_last_login
        from django.contrib.auth.signals import user_logged_in

        user_logged_in.connect(update_last_login, dispatch_uid="update_last_login")


class InertContentTypes(AppConfig):
    name = "django.contrib.contenttypes"
    default_auto_field = "django.db.models.AutoField"
