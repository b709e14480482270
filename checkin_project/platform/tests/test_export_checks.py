from typing import Any

from checkin_project.platform.exports.checks import check_daily_exports, check_storage_address
from checkin_project.platform.tests.exports import registered


def test_a_daily_export_that_does_not_exist_is_an_error_with_the_right_names(settings: Any) -> None:
    settings.EXPORT_DAILY = ["numbers", "letters"]

    with registered():
        [problem] = check_daily_exports(None)

    assert (problem.id, problem.msg) == ("checkin.E010", "EXPORT_DAILY names what is no export: letters.")
    assert "numbers" in str(problem.hint)


def test_daily_exports_that_exist_are_fine(settings: Any) -> None:
    settings.EXPORT_DAILY = ["numbers"]

    with registered():
        assert check_daily_exports(None) == []


def test_a_storage_that_anybody_can_listen_to_is_warned_of(settings: Any) -> None:
    def ids(endpoint: str | None) -> list[str | None]:
        options = {"endpoint_url": endpoint}
        settings.STORAGES = settings.STORAGES | {"exports": {"BACKEND": "…Bucket", "OPTIONS": options}}
        return [message.id for message in check_storage_address(None)]

    assert (ids("http://s3.example.org"), ids("https://s3.example.org"), ids(None)) == (["checkin.W010"], [], [])
