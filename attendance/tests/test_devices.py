"""Pairing, living and ending of devices."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection

from attendance import devices
from attendance.devices import PairingFailed, Place
from attendance.models import Device, PairingCode
from checkin_project.platform.access import Role
from checkin_project.platform.tests.factories import make_user
from events.models import CODE_ALPHABET
from events.tests.factories import EVENING, make_event, make_group

NOW = EVENING
KIOSK = Place(Device.Kind.KIOSK, "Front door")


def _offer(place: Place = KIOSK, at: datetime = NOW) -> str:
    return devices.offer_pairing(place, by_user_id=make_user().pk, at=at)[1]


@pytest.mark.django_db
def test_a_pairing_code_makes_a_device_with_all_that_was_asked_for() -> None:
    event = make_event()
    code = _offer(Place(Device.Kind.KIOSK, "Front door", event.pk, gate="North", role=Role.SUPERVISOR, pin="2468"))

    device, token = devices.pair(f" {code[:3]}-{code[3:].lower()} ", at=NOW, user_agent="Tablet")

    assert set(code) <= set(CODE_ALPHABET)
    assert (device.name, device.event, device.gate, device.role) == ("Front door", event, "North", "supervisor")
    assert devices.is_pin(device, "2468")
    assert devices.device_for_token(token, at=NOW) == device
    assert token not in (device.token_hash, device.pin_hash)


@pytest.mark.django_db
def test_a_pairing_code_works_once() -> None:
    code = _offer()
    devices.pair(code, at=NOW)

    with pytest.raises(PairingFailed):
        devices.pair(code, at=NOW)

    assert Device.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize(("seconds", "works"), [(119, True), (120, False)])
def test_a_pairing_code_lives_two_minutes(seconds: int, works: bool) -> None:
    code = _offer()

    try:
        devices.pair(code, at=NOW + timedelta(seconds=seconds))
    except PairingFailed:
        assert not works
    else:
        assert works


def _two_screens(pair: Callable[[str, threading.Barrier], object]) -> list[str]:
    """What two screens hear that use one code at the same time."""
    code = _offer()
    gate = threading.Barrier(2)
    results: list[str] = []

    def screen() -> None:
        try:
            pair(code, gate)
            results.append("paired")
        except PairingFailed:
            results.append("refused")
        finally:
            connection.close()

    threads = [threading.Thread(target=screen) for _number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(results)


@pytest.mark.django_db(transaction=True)
def test_of_two_screens_at_once_one_is_paired() -> None:
    def pair(code: str, gate: threading.Barrier) -> None:
        gate.wait()
        devices.pair(code, at=NOW)

    results = _two_screens(pair)

    assert results == ["paired", "refused"]
    assert Device.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_looking_first_and_using_later_would_pair_both_screens() -> None:
    def pair_carelessly(code: str, gate: threading.Barrier) -> None:
        is_free = PairingCode.objects.filter(code_hash=devices.token_hash(code), used_at__isnull=True).exists()
        gate.wait()
        if not is_free:
            raise PairingFailed
        PairingCode.objects.filter(code_hash=devices.token_hash(code)).update(used_at=NOW)

    assert _two_screens(pair_carelessly) == ["paired", "paired"]


@pytest.mark.django_db
def test_a_revoked_device_is_a_stranger() -> None:
    device, token = devices.pair_here(KIOSK, by_user_id=None, at=NOW)

    devices.revoke(device, at=NOW)

    assert devices.device_for_token(token, at=NOW) is None


@pytest.mark.django_db
def test_a_device_of_an_event_ends_two_hours_after_it() -> None:
    event = make_event()
    _device, token = devices.pair_here(Place(Device.Kind.KIOSK, "Front door", event.pk), by_user_id=None, at=NOW)
    end = event.ends_at + timedelta(hours=2)

    assert devices.device_for_token(token, at=end) is not None
    assert devices.device_for_token(token, at=end + timedelta(seconds=1)) is None


@pytest.mark.django_db
def test_a_device_lasts_as_long_as_its_check_in_is_open() -> None:
    event = make_event(check_in={"closes_minutes_after": 600})
    _device, token = devices.pair_here(Place(Device.Kind.KIOSK, "Front door", event.pk), by_user_id=None, at=NOW)

    assert devices.device_for_token(token, at=event.ends_at + timedelta(hours=10)) is not None


@pytest.mark.django_db
def test_a_kiosk_that_was_off_for_a_week_has_to_be_paired_again() -> None:
    _device, token = devices.pair_here(KIOSK, by_user_id=None, at=NOW)

    assert devices.device_for_token(token, at=NOW + timedelta(days=7)) is not None
    assert devices.device_for_token(token, at=NOW + timedelta(days=7, seconds=1)) is None


@pytest.mark.django_db
@pytest.mark.parametrize("token", ["", "x", "dv_", "dv_" + "x" * 200, "Bearer abc"])
def test_a_made_up_token_is_nobody(token: str) -> None:
    assert devices.device_for_token(token, at=NOW) is None


@pytest.mark.django_db
@pytest.mark.parametrize("pin", ["123", "123456789", "12a4", "١٢٣٤"])
def test_a_pin_has_four_to_eight_digits(pin: str) -> None:
    with pytest.raises(ValidationError):
        devices.pair_here(Place(Device.Kind.KIOSK, "Front door", pin=pin), by_user_id=None, at=NOW)


@pytest.mark.django_db
def test_no_pin_unlocks_a_device_without_one() -> None:
    device, _token = devices.pair_here(KIOSK, by_user_id=None, at=NOW)

    assert not devices.is_pin(device, "")
    assert not devices.is_pin(device, "0000")


@pytest.mark.django_db
def test_being_seen_is_written_at_most_every_twenty_seconds() -> None:
    device, _token = devices.pair_here(KIOSK, by_user_id=None, at=NOW)

    devices.note_seen(device, at=NOW + timedelta(seconds=19))
    soon = Device.objects.get().last_seen_at
    devices.note_seen(device, at=NOW + timedelta(seconds=21))

    assert soon == NOW
    assert Device.objects.get().last_seen_at == NOW + timedelta(seconds=21)


@pytest.mark.django_db
def test_the_command_prints_a_working_token_last(capsys: pytest.CaptureFixture[str]) -> None:
    event = make_event(group=make_group(), starts_at=datetime.now(UTC))

    call_command("create_device", "Side door", "--kind=scanner", f"--event={event.code.lower()}", "--role=supervisor")

    token = capsys.readouterr().out.splitlines()[-1]
    device = devices.device_for_token(token, at=datetime.now(UTC))
    assert device is not None
    assert (device.name, device.kind, device.event, device.role) == ("Side door", "scanner", event, "supervisor")


@pytest.mark.django_db
@pytest.mark.parametrize("wrong", [["--event=XXXXXXXX"], ["--pin=12"]])
def test_the_command_says_what_is_wrong(wrong: list[str]) -> None:
    with pytest.raises(CommandError):
        call_command("create_device", "Side door", "--kind=kiosk", *wrong)

    assert not Device.objects.exists()
