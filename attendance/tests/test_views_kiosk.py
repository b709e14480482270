"""The kiosk's pages: Ben and new people come in, Cleo's browser is no kiosk, nobody learns more than a masked name."""

import re
from datetime import timedelta
from typing import Any
from unittest.mock import ANY
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from django.apps import apps
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.formats import date_format

from attendance import devices, kiosk, references
from attendance.models import Attendance, Device, Method, Scan
from attendance.tests.kiosks import FETCH, Kiosk, open_event, references_in
from checkin_project.platform.access import Role
from checkin_project.platform.models import User
from checkin_project.platform.tests.factories import make_user
from events.models import Event
from events.tests.factories import make_group
from members import passes
from members.models import Member
from members.tests.factories import make_member, next_v_number

pytestmark = pytest.mark.django_db
BACKEND = "checkin_project.platform.signin.RoleBackend"


def _ben(**fields: Any) -> Member:
    return make_member(
        **({"v_number": next_v_number(), "student_email": "ben@campus.example", "phone": "555-0199"} | fields)
    )


def _signed_in(user: User) -> Client:
    browser = Client()
    browser.force_login(user, backend=BACKEND)
    return browser


def _outcome(answer: Any) -> tuple[int, str, str]:
    return answer.status_code, answer.headers.get("X-Kiosk", ""), answer.headers.get("X-Outcome", "")


# --- Coming in ------------------------------------------------------------------------------------


def test_ben_checks_in_by_his_v_number() -> None:
    ben = _ben()
    front = Kiosk(open_event())

    answer = front.enter(f" {str(ben.v_number).lower()} ")

    assert _outcome(answer) == (201, "outcome", "checked_in")
    row = Attendance.objects.get()
    assert (row.member, row.method, row.device) == (ben, Method.KIOSK, front.device)
    assert "Ben Brown" in answer.content.decode()


def test_ben_checks_in_with_his_pass() -> None:
    ben = _ben()
    _pass, code = passes.issue(ben, at=timezone.now())

    assert _outcome(Kiosk(open_event()).enter(code)) == (201, "outcome", "checked_in")


def test_ben_checks_in_by_his_name() -> None:
    ben = _ben()
    front = Kiosk(open_event())
    hits = front.search("ben")

    answer = front.post("check-in", {"entry": "ben", "ref": references_in(hits)[0]})

    assert _outcome(answer) == (201, "outcome", "checked_in")
    assert Attendance.objects.get().member == ben


def test_a_name_typed_with_enter_is_searched_not_refused() -> None:
    _ben()

    answer = Kiosk(open_event()).enter("Ben")

    assert _outcome(answer) == (200, "hits", "")
    assert not Scan.objects.exists()


def test_ben_again_hears_that_he_is_in() -> None:
    ben = _ben()
    front = Kiosk(open_event())
    front.enter(str(ben.v_number))

    assert _outcome(front.enter(str(ben.v_number))) == (200, "outcome", "already_in")


def test_a_retry_hears_the_first_answer() -> None:
    ben = _ben()
    front = Kiosk(open_event())
    operation_id = str(uuid4())

    answers = [front.enter(str(ben.v_number), operation_id=operation_id) for _time in range(3)]

    assert {_outcome(answer) for answer in answers} == {(201, "outcome", "checked_in")}
    assert Scan.objects.count() == 1


def test_a_family_comes_in_together() -> None:
    ben = _ben()

    Kiosk(open_event()).enter(str(ben.v_number), party_size="4")

    assert Attendance.objects.get().party_size == 4


def test_two_people_with_one_card_and_number_are_told_apart_by_masked_names() -> None:
    ben = _ben(v_number="V01234567")
    _ben(first_name="Dana", last_name="Okafor", v_number=None, student_email=None, card_number="01234567")
    front = Kiosk(open_event())

    answer = front.enter("01234567")
    chosen = front.post("check-in", {"ref": references_in(answer)[0]})

    assert _outcome(answer) == (409, "outcome", "ambiguous")
    assert "Ben B." in answer.content.decode()
    assert "Dana O." in answer.content.decode()
    assert _outcome(chosen)[2] == "checked_in"
    assert Attendance.objects.get().member == ben


def test_an_event_that_asks_about_walk_ins_sends_people_to_the_desk() -> None:
    ben = _ben()
    front = Kiosk(open_event(check_in={"walk_ins": "ask"}))

    answer = front.enter(str(ben.v_number))
    new = front.post("register", {"step": "new", "first_name": "Cleo"})

    assert _outcome(answer) == (409, "outcome", "not_registered")
    assert "desk" in answer.content.decode()
    assert (new.status_code, Member.objects.count()) == (400, 1)


def test_without_scripts_every_answer_is_a_whole_page() -> None:
    ben = _ben()
    front = Kiosk(open_event())

    page = front.client.get(front.url()).content.decode()
    answer = front.client.post(front.url("check-in"), {"entry": ben.v_number, "operation_id": _operation_in(page)})

    assert answer.status_code == 201
    assert "<!doctype html>" in answer.content.decode()
    assert Scan.objects.get().operation_id == UUID(_operation_in(page))


def _operation_in(page: str) -> str:
    found = re.search(r'name="operation_id" value="([^"]+)"', page)
    assert found
    return found[1]


@pytest.mark.parametrize(
    "data",
    [
        {"entry": ""},
        {"entry": "   "},
        {"entry": "V\x0001234567"},
        {"entry": "x1" * 200},
        {"entry": "V01234567", "operation_id": "nonsense"},
        {"entry": "V01234567", "party_size": "0"},
        {"entry": "V01234567", "party_size": "many"},
        {"entry": "V01234567", "party_size": "11"},
        {"ref": "nonsense"},
    ],
)
def test_bad_input_gets_a_sentence_and_changes_nothing(data: dict[str, str]) -> None:
    front = Kiosk(open_event())

    answer = front.post("check-in", data)

    assert _outcome(answer) == (400, "hits", "")
    assert 'class="message' in answer.content.decode()
    assert not Scan.objects.exists()


# --- Somebody new ------------------------------------------------------------------------------------


def test_somebody_unknown_is_offered_the_form_with_what_they_typed() -> None:
    front = Kiosk(open_event())

    answer = front.enter("V07654321")
    form = front.post("register", {"typed": "V07654321"})
    named = front.post("register", {"typed": "Cleo van der Berg"}).content.decode()

    assert _outcome(answer) == (404, "outcome", "not_found")
    assert 'value="V07654321"' in form.content.decode()
    assert ('value="Cleo"' in named, 'value="van der Berg"' in named) == (True, True)


def test_a_new_person_is_registered_and_in() -> None:
    front = Kiosk(open_event())

    answer = front.post("register", {"step": "check", "first_name": "Cleo", "last_name": "Martin", "major": "Law"})

    assert _outcome(answer) == (201, "outcome", "checked_in")
    member = Member.objects.get()
    assert (member.full_name, member.major, member.status) == ("Cleo Martin", "Law", Member.Status.PROVISIONAL)


def test_somebody_who_is_likely_on_record_is_asked_first() -> None:
    ben = _ben()
    front = Kiosk(open_event())
    filled_in = {"first_name": "Ben", "last_name": "Brown"}

    question = front.post("register", {"step": "check"} | filled_in)
    answer = front.post("check-in", {"ref": references_in(question)[0]} | filled_in)

    assert _outcome(question) == (200, "form", "")
    assert "Ben B." in question.content.decode()
    assert "ben@campus.example" not in question.content.decode()
    assert _outcome(answer)[2] == "checked_in"
    assert Attendance.objects.get().member == ben
    assert Member.objects.count() == 1


def test_a_slip_in_the_v_number_does_not_hide_who_is_on_record() -> None:
    make_member(first_name="Ben", last_name="Brown", v_number="V01234567")
    front = Kiosk(open_event())

    answer = front.post(
        "register", {"step": "check", "first_name": "Ben", "last_name": "Brown", "v_number": "V01234566"}
    )

    assert "Ben B." in answer.content.decode()
    assert Member.objects.count() == 1


def test_somebody_of_the_same_name_can_be_new_all_the_same() -> None:
    _ben()
    front = Kiosk(open_event())

    answer = front.post("register", {"step": "new", "first_name": "Ben", "last_name": "Brown"})

    assert _outcome(answer)[2] == "checked_in"
    assert Member.objects.count() == 2


def test_a_number_on_record_is_offered_for_check_in_without_a_name() -> None:
    _ben(v_number="V01234567")

    answer = Kiosk(open_event()).post("register", {"step": "new", "first_name": "Cleo", "v_number": "v01234567"})

    page = answer.content.decode()
    assert _outcome(answer) == (400, "form", "")
    assert 'name="entry" value="V01234567"' in page
    assert not re.search(r"Ben|Brown|ben@", page)


def test_an_e_mail_on_record_is_refused_without_a_name() -> None:
    _ben()
    data = {"step": "new", "first_name": "Cleo", "student_email": "BEN@campus.example"}

    page = Kiosk(open_event()).post("register", data).content.decode()

    assert "on record already" in page
    assert not re.search(r"Brown|Ben ", page)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("v_number", "12"),
        ("student_email", "nonsense"),
        ("first_name", ""),
        ("last_name", "\u202eevil"),
        ("major", "x" * 151),
    ],
)
def test_a_mistake_in_the_form_keeps_what_was_typed(field: str, value: str) -> None:
    data = {"step": "check", "first_name": "Cleo", "last_name": "Martin", "major": "Law"} | {field: value}

    answer = Kiosk(open_event()).post("register", data)

    page = answer.content.decode()
    assert _outcome(answer) == (400, "form", "")
    assert all(f'value="{kept}"' in page for kept in set(data.values()) - {"", "check"})
    assert "errorlist" in page
    assert not Member.objects.exists()


# --- What nobody may learn ---------------------------------------------------------------------------


def test_a_hit_carries_a_masked_name_and_a_sealed_reference_only() -> None:
    ben = _ben(last_name="Brownsville", major="Biology", card_number="77889900")

    page = Kiosk(open_event()).search("ben").content.decode()

    assert "Ben B." in page
    assert not re.search(r"Brownsville|Biology|campus|0199|77889900|" + str(ben.v_number), page)
    assert [len(reference) for reference in references_in(Kiosk(open_event()).search("ben"))] == [references.LENGTH]
    assert re.findall(r'name="(\w+)"', page) == ["ref", "typed"]


def test_trying_names_of_a_list_brings_out_no_last_name() -> None:
    make_member(first_name="Ben", last_name="Brown")
    front = Kiosk(open_event())
    reference = references_in(front.search("ben"))[0]

    answers = [front.post("check-in", {"ref": reference}).content.decode() for _time in range(2)]

    assert all("Ben B." in answer and "Brown" not in answer for answer in answers)


def test_a_reference_of_another_kiosk_checks_nobody_in() -> None:
    _ben()
    event = open_event()
    stolen = references_in(Kiosk(event).search("ben"))[0]

    answer = Kiosk(event).post("check-in", {"ref": stolen})

    assert _outcome(answer) == (400, "hits", "")
    assert not Scan.objects.exists()


def test_a_reference_of_another_event_checks_nobody_in() -> None:
    _ben()
    one, other = open_event(), open_event()
    front = Kiosk()
    reference = references_in(front.post("search", {"entry": "ben"}, event=one))[0]

    answer = front.post("check-in", {"ref": reference}, event=other)

    assert _outcome(answer) == (400, "hits", "")
    assert not Scan.objects.exists()


def test_an_old_reference_works_only_for_the_attempt_it_belongs_to() -> None:
    ben = _ben()
    front = Kiosk(open_event())
    assert front.event
    long_ago = timezone.now() - timedelta(minutes=6)
    old = references.seal(ben.pk, device_id=front.device.pk, event_code=front.event.code, at=long_ago)
    operation_id = str(uuid4())

    refused = front.post("check-in", {"ref": old})
    fresh = references.seal(ben.pk, device_id=front.device.pk, event_code=front.event.code, at=timezone.now())
    front.post("check-in", {"ref": fresh, "operation_id": operation_id})
    retried = front.post("check-in", {"ref": old, "operation_id": operation_id})

    assert _outcome(refused) == (400, "hits", "")
    assert _outcome(retried) == (201, "outcome", "checked_in")


def test_searching_without_end_is_slowed_down_in_words() -> None:
    _ben()
    front, other = Kiosk(open_event()), Kiosk(open_event())

    answers = [front.search("ben").status_code for _number in range(31)]

    assert answers == [200] * 30 + [429]
    assert "wait a minute" in front.search("ben").content.decode()
    assert other.search("ben").status_code == 200


def test_registering_without_end_is_slowed_down() -> None:
    front = Kiosk(open_event())

    answers = [front.post("register", {"step": "new", "first_name": f"Cleo{n}"}).status_code for n in range(21)]

    assert answers == [201] * 20 + [429]
    assert Member.objects.count() == 20


# --- Strangers ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("act", ["", "check-in", "search", "register"])
def test_cleos_browser_is_no_kiosk(act: str) -> None:
    ben = _ben()
    front = Kiosk(open_event())
    cleo = Client()

    ask = cleo.post if act else cleo.get
    answer = ask(front.url(act), {"entry": ben.v_number, "step": "new", "first_name": "Cleo"}, headers=FETCH)

    assert (answer.status_code, answer.headers["X-Kiosk"]) == (403, "unpaired")
    assert "Ben" not in answer.content.decode()
    assert (Scan.objects.count(), Member.objects.count()) == (0, 1)


def test_cleo_sees_how_to_pair_at_the_start() -> None:
    page = Client().get("/kiosk/")

    assert page.status_code == 200
    assert "Make this screen a kiosk" in page.content.decode()


def test_a_revoked_kiosk_is_told_so_at_once() -> None:
    front = Kiosk(open_event())
    devices.revoke(front.device, at=timezone.now())

    answers = [front.enter("V01234567"), front.client.post("/kiosk/heartbeat/", headers=FETCH)]

    assert [_outcome(answer) for answer in answers] == [(403, "unpaired", "")] * 2
    assert "no longer paired" in front.client.get("/kiosk/").content.decode()
    assert "no longer paired" not in Client().get("/kiosk/").content.decode()


def test_a_scanner_is_no_kiosk() -> None:
    assert _outcome(Kiosk(open_event(), kind=Device.Kind.SCANNER).enter("V01234567"))[1] == "unpaired"


def test_other_peoples_events_do_not_exist() -> None:
    group = make_group()
    ours, theirs = open_event(group=group), open_event(group=make_group())
    long_over = open_event(group=group, starts_at=timezone.now() - timedelta(days=30))
    front = Kiosk(group_id=group.pk)

    statuses = [front.post("search", {"entry": "ben"}, event=event).status_code for event in (ours, theirs, long_over)]

    assert statuses == [200, 404, 404]


def test_forms_are_protected_against_other_sites() -> None:
    front = Kiosk(open_event())
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = front.client.cookies

    answer = strict.post(front.url("check-in"), {"entry": "V01234567"}, headers=FETCH)

    assert answer.status_code == 403
    assert "X-Kiosk" not in answer.headers


# --- Screens -----------------------------------------------------------------------------------------


def test_one_open_event_is_shown_straight_away_and_several_are_tiles() -> None:
    first = open_event(name="Chess night")
    front = Kiosk()

    alone = front.client.get("/kiosk/").content.decode()
    open_event(name="Club fair")
    both = front.client.get("/kiosk/").content.decode()

    assert f'action="/kiosk/{first.code}/check-in/"' in alone
    assert ("Chess night" in both, "Club fair" in both) == (True, True)


def test_a_kiosk_that_waits_says_what_comes_and_when_in_the_events_own_zone() -> None:
    start = (timezone.now() + timedelta(days=2)).replace(hour=18, minute=0)
    open_event(name="Chess night", starts_at=start, timezone="Asia/Tokyo")
    front = Kiosk()

    page = front.client.get("/kiosk/").content.decode()

    assert "Chess night" in page
    assert "2 a.m." in page  # An hour before 3 o'clock in Tokyo.


def test_the_page_of_an_event_that_is_over_leads_back_to_the_start() -> None:
    event = open_event(starts_at=timezone.now() - timedelta(hours=3, minutes=30))
    front = Kiosk(event)

    assert front.client.get(front.url()).headers["Location"] == "/kiosk/"
    assert "closed" in front.client.get("/kiosk/").content.decode()


def test_a_sign_of_life_tells_what_is_open() -> None:
    event = open_event()
    front = Kiosk()
    Device.objects.update(last_seen_at=timezone.now() - timedelta(hours=1))

    answer = front.client.post("/kiosk/heartbeat/")

    assert answer.json() == {
        "events": {event.code: kiosk.version_of(event)},
        "home": kiosk.home_version(front.device, [event], None),
        "next_change_in": ANY,
        "at": ANY,
    }
    assert timezone.now() - Device.objects.get().last_seen_at < timedelta(seconds=5)  # type: ignore[operator]


def _all_rows() -> dict[str, list[Any]]:
    models = [model for model in apps.get_models() if model._meta.managed]
    return {model._meta.label: list(model._default_manager.order_by("pk").values()) for model in models}


def test_reading_never_changes_a_row() -> None:
    _ben()
    front = Kiosk(open_event(), pin="2468")
    assert front.event
    Device.objects.update(last_seen_at=timezone.now() - timedelta(hours=1))
    user = make_user(Role.ORGANISER)
    code = devices.offer_pairing(
        devices.Place(Device.Kind.KIOSK, "x"),
        by_user_id=user.pk,
        at=timezone.now(),
    )[1]
    ana = _signed_in(user)
    paths = ["/kiosk/", front.url(), f"/kiosk/pair/{code}/", "/kiosk/unlock/", "/kiosk/unpair/", "/kiosk/heartbeat/"]
    paths += ["/kiosk/pair/", "/kiosk/pair-here/", *(front.url(act) for act in ("check-in", "search", "register"))]
    paths += ["/devices/", "/devices/pair/", f"/devices/{front.device.pk}/revoke/", "/devices/pairing/1/"]
    before = _all_rows()

    for browser in (front.client, ana, Client()):
        for path in paths:
            for method in (browser.get, browser.head, browser.options):
                assert method(path).status_code < 500

    assert _all_rows() == before


def test_a_check_in_asks_the_database_little() -> None:
    ben = _ben()
    front = Kiosk(open_event())

    with CaptureQueriesContext(
        connection,
    ) as asked:
        front.enter(str(ben.v_number))

    statements = [query["sql"] for query in asked if not query["sql"].startswith(("SAVEPOINT", "RELEASE", "BEGIN"))]
    assert len(statements) <= 8, statements


@pytest.mark.parametrize("people", [1, 3])
def test_a_search_asks_the_database_the_same_for_one_hit_and_for_three(people: int) -> None:
    for number in range(people):
        make_member(last_name=f"Brown{number}")
    front = Kiosk(open_event())

    with CaptureQueriesContext(connection) as asked:
        front.search("ben")

    assert len(asked) == 3  # device, event, people


# --- Pairing and unlocking ---------------------------------------------------------------------------


def test_ana_turns_her_browser_into_a_kiosk_and_is_signed_out() -> None:
    event = open_event()
    browser = _signed_in(make_user(Role.ORGANISER))
    data = {"where": f"event:{event.pk}", "name": "Front door", "gate": "North", "pin": "2468"}

    answer = browser.post("/kiosk/pair-here/", data)

    cookie = browser.cookies[settings.DEVICE_COOKIE_NAME]
    assert answer.headers["Location"] == "/kiosk/"
    assert (cookie["httponly"], cookie["samesite"], cookie["max-age"]) == (True, "Lax", 365 * 24 * 3600)
    assert "_auth_user_id" not in browser.session
    assert "signed out" in browser.get("/kiosk/", follow=True).content.decode()
    assert Device.objects.get().event == event


@pytest.mark.parametrize("role", [Role.STEWARD, Role.SUPERVISOR, None])
def test_who_may_not_manage_devices_cannot_pair_by_click(role: Role | None) -> None:
    browser = _signed_in(make_user(role))

    assert browser.post("/kiosk/pair-here/", {"where": "today", "name": "Mine"}).status_code == 403
    assert not Device.objects.exists()


def test_a_groups_organiser_pairs_for_that_group_only() -> None:
    group = make_group()
    ours, theirs = open_event(group=group), open_event(group=make_group())
    user = make_user(None)
    user.group_roles.create(group=group, role=Role.ORGANISER)
    browser = _signed_in(user)

    refused = [
        browser.post("/kiosk/pair-here/", {"where": where, "name": "Mine"}).status_code
        for where in ("today", f"event:{theirs.pk}", f"today:{theirs.group_id}", "event:", "nonsense")
    ]
    browser.post("/kiosk/pair-here/", {"where": f"event:{ours.pk}", "name": "Mine"})

    assert refused == [400] * 5
    assert Device.objects.get().event == ours


def test_a_code_is_typed_in_any_spelling() -> None:
    code = devices.offer_pairing(
        devices.Place(Device.Kind.KIOSK, "Front door"), by_user_id=make_user().pk, at=timezone.now()
    )[1]
    browser = Client()

    wrong = browser.post("/kiosk/pair/", {"code": "22"})
    right = browser.post("/kiosk/pair/", {"code": f"{code[:3].lower()} - {code[3:]}"})

    assert (wrong.status_code, right.status_code) == (400, 302)
    assert Device.objects.count() == 1


def test_the_link_of_a_qr_code_pairs_only_when_the_button_is_pressed() -> None:
    code = devices.offer_pairing(
        devices.Place(Device.Kind.KIOSK, "Front door"), by_user_id=make_user().pk, at=timezone.now()
    )[1]
    browser = Client()

    page = browser.get(f"/kiosk/pair/{code}/")
    before = Device.objects.count()
    browser.post(f"/kiosk/pair/{code}/")
    again = Client().post(f"/kiosk/pair/{code}/")

    assert (page.status_code, before, Device.objects.count()) == (200, 0, 1)
    assert (again.status_code, "wrong, used or older" in again.content.decode()) == (400, True)


def test_trying_codes_is_slowed_down() -> None:
    browser = Client()

    answers = [browser.post("/kiosk/pair/", {"code": "222222"}).content.decode() for _number in range(61)]

    assert "wrong, used or older" in answers[59]
    assert "Too many codes" in answers[60]


def test_pairing_again_ends_the_device_of_before() -> None:
    front = Kiosk(open_event())
    code = devices.offer_pairing(
        devices.Place(Device.Kind.KIOSK, "Side door"), by_user_id=make_user().pk, at=timezone.now()
    )[1]

    front.client.post("/kiosk/pair/", {"code": code})

    assert [device.name for device in Device.objects.live()] == ["Side door"]


def _proof_in(page: Any) -> str:
    found = re.search(r'name="proof" value="([^"]+)"', page.content.decode())
    return found[1] if found else ""


def test_the_right_pin_shows_numbers_and_lets_the_screen_be_unpaired() -> None:
    front = Kiosk(open_event(), pin="2468")

    wrong = front.client.post("/kiosk/unlock/", {"pin": "1111"})
    right = front.client.post("/kiosk/unlock/", {"pin": "2468"})
    front.client.post("/kiosk/unpair/", {"proof": _proof_in(right)})

    assert (wrong.status_code, _proof_in(wrong)) == (400, "")
    assert "Checked in" in right.content.decode()
    assert not Device.objects.live().exists()
    assert front.client.cookies[settings.DEVICE_COOKIE_NAME].value == ""


@pytest.mark.parametrize("proof", ["", "nonsense"])
def test_nobody_unpairs_a_screen_without_unlocking_it(proof: str) -> None:
    front = Kiosk(open_event(), pin="2468")

    front.client.post("/kiosk/unpair/", {"proof": proof})

    assert Device.objects.live().exists()


def test_the_proof_of_one_kiosk_does_not_unpair_another() -> None:
    one, other = Kiosk(open_event(), pin="2468"), Kiosk(open_event())

    other.client.post("/kiosk/unpair/", {"proof": _proof_in(one.client.post("/kiosk/unlock/", {"pin": "2468"}))})

    assert Device.objects.live().count() == 2


def test_guessing_the_pin_is_stopped_even_for_the_right_one() -> None:
    front = Kiosk(open_event(), pin="2468")
    for _number in range(5):
        front.client.post("/kiosk/unlock/", {"pin": "1111"})

    answer = front.client.post("/kiosk/unlock/", {"pin": "2468"})

    assert "Too many wrong PINs" in answer.content.decode()
    assert _proof_in(answer) == ""


@pytest.mark.parametrize(("role", "opens"), [(Role.ORGANISER, True), (Role.SUPERVISOR, False)])
def test_without_a_pin_only_staff_who_sign_in_unlock(role: Role, opens: bool) -> None:
    front = Kiosk(open_event())
    without = front.client.post("/kiosk/unlock/", {"pin": "0000"})

    front.client.force_login(make_user(role), backend=BACKEND)
    signed_in = front.client.get("/kiosk/unlock/")

    assert _proof_in(without) == ""
    assert bool(_proof_in(signed_in)) is opens


def test_an_event_may_be_closed_between_page_and_attempt() -> None:
    ben = _ben()
    event = open_event()
    front = Kiosk(event)
    Event.objects.filter(pk=event.pk).update(closed_at=timezone.now() - timedelta(minutes=1))

    assert _outcome(front.enter(str(ben.v_number))) == (409, "outcome", "closed")


def test_who_is_in_already_hears_since_when_in_the_events_own_time() -> None:
    ben = _ben()
    front = Kiosk(open_event(timezone="Asia/Tokyo"))
    front.enter(str(ben.v_number))
    since = date_format(Attendance.objects.get().checked_in_at.astimezone(ZoneInfo("Asia/Tokyo")), "TIME_FORMAT")  # type: ignore[union-attr]

    page = front.enter(str(ben.v_number)).content.decode()

    assert f"Ben Brown has been checked in since {since} (Kiosk)." in page
