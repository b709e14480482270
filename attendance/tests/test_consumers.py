"""Who is let in to watch, what they are sent, when they are closed. Ana searches, Ben looks, Cleo works elsewhere."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone
from pytest_django.fixtures import Settings

from attendance import consumers, live
from attendance.devices import revoke
from attendance.hub import hub_of_this_loop
from attendance.subjects import by_guest_name
from attendance.tests.factories import come_in, make_device
from attendance.tests.screens import FakeScreen, acting, event_screen, session_of, watching
from attendance.topics import Message
from checkin_project.platform.access import Role
from checkin_project.platform.models import User
from checkin_project.platform.tests.factories import make_user
from events.models import CheckInSettings, Event, GroupRole
from events.tests.factories import make_event, make_group

pytestmark = pytest.mark.django_db(transaction=True)


def drafted(**fields: Any) -> Event:
    now = timezone.now()
    return make_event(starts_at=now, ends_at=now + timedelta(hours=1), stored_status=Event.Stored.DRAFT, **fields)


def test_a_screen_is_sent_the_numbers_at_once_and_after_each_change(settings: Settings) -> None:
    settings.COUNTS_MAX_AGE = 0.05
    event = make_event()

    async def scenario() -> FakeScreen:
        screen = event_screen(event.code)
        assert await screen.open() == "websocket.accept"
        await screen.hear(checked_in=0)
        for number in (1, 2):
            await acting(lambda number=number: come_in(by_guest_name(f"Guest {number}"), event))  # type: ignore[misc]
            await screen.hear(checked_in=number)
        await screen.leave()
        return screen

    said = [message for message in watching(scenario).said if message["type"] == "counts"]

    versions = [message["version"] for message in said]
    assert versions == sorted(set(versions))
    assert {message["event"] for message in said} == {event.code}


def test_names_go_to_those_who_may_search_and_to_nobody_else() -> None:
    event = make_event(group=make_group())
    ana, steward, cleo = make_user(role=Role.SUPERVISOR), make_user(role=Role.STEWARD), make_user(role=None)
    GroupRole.objects.create(user=cleo, group=make_group(), role=Role.ORGANISER)
    keys = [session_of(user) for user in (ana, steward, cleo)]

    async def scenario() -> list[list[str]]:
        screens = [event_screen(event.code, session=key) for key in (*keys, "")]
        for screen in screens:
            await screen.open()
            await screen.hear()
        await acting(lambda: come_in(by_guest_name("Dora"), event))
        heard = [await screen.hear(checked_in=1) for screen in screens]
        for screen in screens:
            await screen.leave()
        return [[one["name"] for one in message["latest"]] for message in heard]

    assert watching(scenario) == [["Dora"], [], [], []]


def test_what_does_not_exist_for_somebody_is_closed_without_a_word_why() -> None:
    event = drafted(group=make_group())
    cleo = make_user(role=None)
    GroupRole.objects.create(user=cleo, group=make_group(), role=Role.ORGANISER)
    key, here = session_of(cleo), session_of(make_user(role=Role.SUPERVISOR))

    async def scenario() -> list[int]:
        codes = []
        for code, session in ((event.code, ""), (event.code, key), ("NOPENOPE", ""), ("NOPENOPE", here)):
            screen = event_screen(code, session=session)
            assert await screen.open() == "websocket.accept"
            codes.append(await screen.closed())
            assert screen.said == []
        staff = event_screen(event.code, session=here)
        await staff.open()
        await staff.hear(event=event.code)
        await staff.leave()
        return codes

    assert watching(scenario) == [4404] * 4


def test_a_kiosk_watches_its_own_events_and_no_other() -> None:
    event, other = drafted(), drafted()
    now = timezone.now()
    bound, today = make_device(event_id=event.pk, at=now)[1], make_device(at=now)[1]

    async def scenario() -> list[object]:
        answers: list[object] = []
        for code, token in ((event.code, bound), (other.code, bound), (event.code, today), (event.code, "dv_forged")):
            screen = event_screen(code, device=token)
            await screen.open()
            if code == event.code and token in (bound, today):
                answers.append((await screen.hear())["latest"])
                await screen.leave()
            else:
                answers.append(await screen.closed())
        return answers

    assert watching(scenario) == [[], 4404, [], 4404]


@pytest.mark.parametrize(
    "headers", [(), ((b"origin", b"https://evil.example"),), ((b"origin", b"null"),)], ids=["none", "foreign", "null"]
)
def test_a_page_of_somewhere_else_cannot_open_a_socket(headers: tuple[tuple[bytes, bytes], ...]) -> None:
    event = make_event()

    async def scenario() -> str:
        return await event_screen(event.code, headers=headers).open()

    assert watching(scenario) == "websocket.close"


def sign_out(ana: User, event: Event) -> None:
    Session.objects.all().delete()


def take_role(ana: User, event: Event) -> None:
    User.objects.filter(pk=ana.pk).update(role="")


def deactivate(ana: User, event: Event) -> None:
    User.objects.filter(pk=ana.pk).update(is_active=False)


def change_password(ana: User, event: Event) -> None:
    ana.set_password("another quiet desk")
    User.objects.filter(pk=ana.pk).update(password=ana.password)


@pytest.mark.parametrize("end", [sign_out, take_role, deactivate, change_password])
@pytest.mark.parametrize(("make", "code"), [(make_event, 4403), (drafted, 4404)], ids=["published", "draft"])
def test_who_may_no_longer_see_names_is_closed_within_the_minute(
    end: Callable[[User, Event], None],
    make: Callable[[], Event],
    code: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(consumers, "CHECK_EVERY", 0.2)
    monkeypatch.setattr(consumers, "KNOWN_FOR_CHECK", 0.0)
    event, ana = make(), make_user(role=Role.SUPERVISOR)
    key = session_of(ana)

    async def scenario() -> int:
        screen = event_screen(event.code, session=key)
        await screen.open()
        await screen.hear()
        await acting(lambda: end(ana, event))
        return await screen.closed()

    assert watching(scenario) == code


def test_who_still_may_stays_through_many_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consumers, "CHECK_EVERY", 0.05)
    event, key = make_event(), session_of(make_user(role=Role.SUPERVISOR))

    async def scenario() -> None:
        screen = event_screen(event.code, session=key)
        await screen.open()
        assert await screen.hear_all(1.0)
        await acting(lambda: come_in(by_guest_name("Dora"), event))
        await screen.hear(checked_in=1)
        await screen.leave()

    watching(scenario)


def test_a_revoked_kiosk_is_closed_at_the_next_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consumers, "CHECK_EVERY", 0.2)
    monkeypatch.setattr(consumers, "KNOWN_FOR_CHECK", 0.0)
    event = drafted()
    device, token = make_device(event_id=event.pk, at=timezone.now())

    async def scenario() -> list[int]:
        screens = [event_screen(event.code, device=token), FakeScreen("/ws/kiosk/", device=token)]
        for screen in screens:
            await screen.open()
            await screen.hear_one()
        await acting(lambda: revoke(device, at=timezone.now()))
        return [await screen.closed() for screen in screens]

    assert watching(scenario) == [4404, 4404]


def test_unpublishing_an_event_closes_public_screens_at_once() -> None:
    event = make_event()

    def unpublish() -> None:
        event.stored_status = Event.Stored.DRAFT
        event.save()

    async def scenario() -> int:
        screen = event_screen(event.code)
        await screen.open()
        await screen.hear()
        await acting(unpublish)
        return await screen.closed()

    assert watching(scenario) == 4404


def test_changed_settings_are_told_to_screens_and_kiosks() -> None:
    event, other = make_event(), make_event()
    now = timezone.now()
    bound, elsewhere, today = (make_device(event_id=pk, at=now)[1] for pk in (event.pk, other.pk, None))

    def change() -> None:
        rules = CheckInSettings.objects.get(event=event)
        rules.walk_ins = CheckInSettings.WalkIns.REFUSE
        rules.save()

    async def scenario() -> list[dict[str, Any]]:
        screen = event_screen(event.code)
        kiosks = [FakeScreen("/ws/kiosk/", device=token) for token in (bound, today, elsewhere)]
        for each in (screen, *kiosks):
            await each.open()
            await each.hear_one()
        await acting(change)
        told = [await screen.hear("settings")] + [await kiosk.hear_one() for kiosk in kiosks[:2]]
        await acting(lambda: live.announce_settings(event.pk, event.code))
        await screen.hear("settings")
        assert [one["type"] for one in await kiosks[2].hear_all(0.5)] in ([], ["alive"])
        for each in (screen, *kiosks):
            await each.leave()
        return told

    told, *kiosks = watching(scenario)

    assert (told["event"], told["version"] > 0) == (event.code, True)
    assert kiosks == [{"type": "events"}, {"type": "events"}]


def test_only_a_paired_kiosk_opens_the_kiosks_socket() -> None:
    key = session_of(make_user(role=Role.ADMINISTRATOR))
    scanner = make_device(event_id=make_event().pk, kind="scanner", at=timezone.now())[1]

    async def scenario() -> list[int]:
        path = "/ws/kiosk/"
        screens = [FakeScreen(path), FakeScreen(path, session=key), FakeScreen(path, device=scanner)]
        for screen in screens:
            await screen.open()
        return [await screen.closed() for screen in screens]

    assert watching(scenario) == [4404] * 3


def test_what_screens_say_is_ignored_and_who_says_much_is_closed() -> None:
    event = make_event()

    async def scenario() -> list[int]:
        quiet, long, often = (event_screen(event.code) for _number in range(3))
        for screen in (quiet, long, often):
            await screen.open()
            await screen.hear()
        await quiet.say('{"type": "subscribe", "group": "staff.ABC"}')
        await long.say("x" * 1025)
        for _time in range(21):
            await often.say("{}")
        codes = [await long.closed(), await often.closed()]
        await acting(lambda: come_in(by_guest_name("Dora"), event))
        assert (await quiet.hear(checked_in=1))["latest"] == []
        await quiet.leave()
        return codes

    assert watching(scenario) == [1008, 1008]


def test_one_address_and_one_process_keep_only_so_many_screens(settings: Settings) -> None:
    settings.LIVE_SOCKETS_PER_ADDRESS, settings.LIVE_SOCKETS = 2, 3
    event = make_event()

    async def scenario() -> list[int]:
        here = [event_screen(event.code) for _number in range(2)]
        for screen in here:
            await screen.open()
            await screen.hear()
        third = event_screen(event.code)
        await third.open()
        codes = [await third.closed()]
        elsewhere = event_screen(event.code, address="203.0.113.9")
        await elsewhere.open()
        await elsewhere.hear()
        fourth = event_screen(event.code, address="203.0.113.10")
        await fourth.open()
        codes.append(await fourth.closed())
        await here[0].leave()
        again = event_screen(event.code)
        await again.open()
        await again.hear()
        for screen in (here[1], elsewhere, again):
            await screen.leave()
        return codes

    assert watching(scenario) == [1013, 1013]


def test_what_waits_for_a_slow_screen_is_one_message_of_each_kind_the_newest() -> None:
    screen = consumers.Screen()

    for version in range(1000):
        screen.offer(Message("counts", f"numbers {version}", version))
        screen.offer(Message("settings", f"settings {version}"))
    waiting = screen.take()
    screen.offer(Message("counts", "older than what was sent", 998))
    late = screen.take()
    screen.offer(Message("counts", "by a clock that was set back", 999 - 20_000_000))

    assert waiting == ["numbers 999", "settings 999"]
    assert late == []
    assert screen.take() == ["by a clock that was set back"]


def test_a_screen_that_reads_nothing_is_given_up_and_the_others_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consumers, "SLOW", 0.2)
    event = make_event()

    async def scenario() -> int:
        async def send(message: dict[str, Any]) -> None:
            if message["type"] == "websocket.send":
                await asyncio.Event().wait()

        async def receive() -> dict[str, Any]:
            if not asked:
                asked.append(True)
                return {"type": "websocket.connect"}
            return await asyncio.Event().wait()  # type: ignore[return-value]

        asked: list[bool] = []
        scope = {"headers": [], "client": ("198.51.100.7", 1), "url_route": {"kwargs": {"code": event.code}}}
        reading = event_screen(event.code)
        await reading.open()
        await reading.hear()
        async with asyncio.timeout(20):
            await consumers.event_screen(scope, receive, send)
        await acting(lambda: come_in(by_guest_name("Dora"), event))
        await reading.hear(checked_in=1)
        left = len(hub_of_this_loop().screens)
        await reading.leave()
        return left

    assert watching(scenario) == 1
