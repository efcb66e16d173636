"""What templates ask about a staff member."""

from __future__ import annotations

import pytest

from eventsite.accounts.models import Staff


@pytest.mark.parametrize(
    ("role", "can_edit", "is_admin"), [("viewer", False, False), ("editor", True, False), ("admin", True, True)]
)
def test_templates_can_ask_for_a_role(role: str, can_edit: bool, is_admin: bool) -> None:
    staff = Staff(username="anna", role=role)
    assert (staff.can_edit, staff.is_admin, str(staff)) == (can_edit, is_admin, "anna")
