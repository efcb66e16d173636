"""The codes of errors are part of the API, so they stay, and docs/api.md has each of them."""

from __future__ import annotations

import re
from typing import get_args

from django.conf import settings

from events.rules import Code
from eventsite import errors
from eventsite.errors import Error

CODES = """
account_changed account_not_found bad_request batch_not_found body_incomplete body_too_large change_superseded
condition_unsupported credentials_invalid csrf_failed event_exists event_not_found forbidden https_required
internal_error invalid_request key_expired key_invalid key_not_found key_required key_scope length_required
method_not_allowed not_found origin_refused own_password passkey_refused request_failed response_too_large
revision_mismatch storage_busy storage_error storage_unavailable unsupported_charset unsupported_encoding
unsupported_patch version_not_found version_out_of_reach
""".split()  # noqa: SIM905

FIELD_CODES = """
contradiction empty id_mismatch idempotency_key_reused invalid invalid_characters invalid_cursor invalid_date
invalid_id invalid_idempotency_key invalid_json invalid_token not_a_choice not_an_integer not_an_object not_text null
out_of_range repeated required too_long too_many unknown_field unknown_parameter
""".split()  # noqa: SIM905


def test_the_codes_stay() -> None:
    entries = [entry for entry in (*errors.ERRORS.values(), *vars(errors).values()) if isinstance(entry, Error)]
    entries += [errors.body_too_large(1), errors.invalid([]), errors.error_of_status(418)]
    assert sorted({entry.code for entry in entries}) == CODES


def test_the_codes_of_fields_stay() -> None:
    assert list(get_args(Code)) == FIELD_CODES


def test_each_code_is_documented() -> None:
    documented = re.findall(r"`([a-z_]+)`", (settings.BASE_DIR / "docs" / "api.md").read_text())
    assert set(CODES) | set(FIELD_CODES) <= set(documented)
