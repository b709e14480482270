import pytest
from django.db import connection

from checkin_project.platform.access import Role, actor_for
from checkin_project.platform.tests.factories import PASSWORD, make_user


@pytest.mark.django_db
def test_a_made_user_signs_in_and_has_the_role() -> None:
    ana = make_user(role=Role.SUPERVISOR, username="ana")

    signed_in = ana.check_password(PASSWORD)

    assert signed_in
    assert actor_for(ana).role == Role.SUPERVISOR


@pytest.mark.django_db
def test_a_database_of_tests_is_a_file_or_a_server() -> None:
    name = str(connection.settings_dict["NAME"])

    in_memory = "memory" in name

    assert not in_memory
