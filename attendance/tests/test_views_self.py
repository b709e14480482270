"""Self check-in by an event code, from opening the page to every answer it can give."""

import logging
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from attendance import codesessions, eventcodes, patience
from attendance.codesessions import find
from attendance.models import Attendance, CodeSession, Method, Scan
from attendance.registration import cancel_registration, register
from attendance.subjects import by_guest_name, by_member
from attendance.tests.factories import come_in
from attendance.tests.phones import Phone, change, hidden, open_event, outcome_of, said
from checkin_project.platform.access import SYSTEM
from events.models import CheckInSettings, Event
from events.tests.factories import make_event
from members import loyalty, passes
from members.models import Member
from members.tests.factories import make_member, next_v_number

pytestmark = pytest.mark.django_db
HOUR, MINUTE, SECOND = timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1)


def ana(**fields: Any) -> Member:
    return make_member(**({"first_name": "Ana", "last_name": "Kovač", "v_number": next_v_number()} | fields))


def scans() -> list[tuple[str, str]]:
    return list(Scan.objects.order_by("pk").values_list("outcome", "method"))


# --- Coming in -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["poster", "rotating"])
def test_opening_the_code_shows_the_event_and_one_field(kind: str) -> None:
    event = open_event(kind, name="Chess night", location="Library, room 204")

    page = Phone(event).open()

    assert page.status_code == 200
    assert all(word in said(page) for word in ("Chess night", "Library, room 204", "Your name or V‑number"))
    assert bool(hidden(page).get("session")) == (kind == "rotating")


@pytest.mark.parametrize(("kind", "method"), [("poster", Method.POSTER), ("rotating", Method.SELF)])
def test_a_member_comes_in_by_number_and_hears_the_story_and_the_live_number(kind: str, method: Method) -> None:
    event, who = open_event(kind, check_in={"points": 10}), ana()
    come_in(by_guest_name("Ben"), event, at=timezone.now(), by=SYSTEM)

    answer = Phone(event).enter(str(who.v_number))

    assert (answer.status_code, outcome_of(answer)) == (201, "checked_in")
    assert "Checked in Ana K. First visit. Welcome! +10 points 2 people are checked in." in said(answer)
    row = Attendance.objects.get(event=event, member=who)
    assert (row.method, row.state, row.is_walk_in) == (method, "attended", True)
    assert loyalty.balance(who.pk, at=timezone.now()) == 10


def test_a_name_alone_is_enough_for_a_guest() -> None:
    event = open_event()

    answer = Phone(event).enter("  Cleo   Martin ")

    assert "Checked in Cleo Martin 1 person is checked in." in said(answer)
    assert Attendance.objects.get().guest_name == "Cleo Martin"


@pytest.mark.parametrize("spelt", ["V{}", "v {}", "{}", "V-{}"])
def test_a_v_number_is_understood_however_it_is_typed(spelt: str) -> None:
    who = ana()

    answer = Phone(open_event()).enter(spelt.format(str(who.v_number)[1:]))

    assert outcome_of(answer) == "checked_in"


def test_a_students_card_and_a_pass_are_understood_too() -> None:
    event, who, other = open_event(), ana(card_number="4411223344"), ana()
    _pass, code = passes.issue(other, at=timezone.now())
    phone = Phone(event)

    assert outcome_of(phone.enter("4411223344")) == "checked_in"
    phone.open()
    assert outcome_of(phone.enter(code.lower())) == "checked_in"

    assert {row.member for row in Attendance.objects.all()} == {who, other}


def test_whoever_types_a_number_learns_no_full_name() -> None:
    who = ana()
    event = open_event()

    for answer in (Phone(event).enter(str(who.v_number)), Phone(event).enter(str(who.v_number))):
        assert "Ana K." in said(answer)
        assert "Kovač" not in answer.content.decode()


def test_one_poster_checks_in_several_people_from_one_phone() -> None:
    event = open_event()
    phone = Phone(event)

    for name in ("Ana", "Ben", "Cleo"):
        phone.open()
        assert outcome_of(phone.enter(name)) == "checked_in"

    assert Attendance.objects.count() == 3


# --- Refusals --------------------------------------------------------------------------------------------------------


def test_nothing_typed_and_things_that_are_no_name_get_a_sentence_and_stay_in_the_field() -> None:
    event = open_event()
    wrong = {
        "": "Type your name or your V‑number.",
        "…": "Type your name or your V‑number.",
        "ana@example.org": "This looks like an e-mail address.",
        "x" * 160: "at most 150 fit",
        "x" * 201: "at most 200 characters",
        "Ana\x00": "Null characters are not allowed.",
        "Ana \u202eKovač": "hidden mark",
    }

    for entry, sentence in wrong.items():
        answer = Phone(event).enter(entry)
        assert (answer.status_code, sentence in said(answer)) == (400, True), entry
        assert (f'value="{entry}"' in answer.content.decode()) == bool(entry.replace("\x00", "")) or "\x00" in entry
    assert scans() == []


def test_a_wrong_number_says_so_and_may_be_corrected_in_the_form_below() -> None:
    event, who = open_event("rotating"), ana()
    phone = Phone(event)

    wrong = phone.enter("V99999999")
    right = phone.enter(str(who.v_number))

    assert (wrong.status_code, outcome_of(wrong)) == (404, "not_found")
    assert "Nobody has this number. Check it, or type your name instead." in said(wrong)
    assert 'value="V99999999"' in wrong.content.decode()
    assert outcome_of(right) == "checked_in"
    assert scans() == [("not_found", "self"), ("checked_in", "self")]


def test_already_in_carries_the_first_time_and_door() -> None:
    event, who = open_event(), ana()
    come_in(by_member(who.pk), event, at=timezone.now() - 10 * MINUTE, by=SYSTEM, door=Method.KIOSK)

    answer = Phone(event).enter(str(who.v_number))

    assert (answer.status_code, outcome_of(answer)) == (200, "already_in")
    assert "Ana K. has been checked in since" in said(answer)
    assert "(Kiosk)" in said(answer)


def test_a_guest_whose_name_is_taken_is_told_what_to_do() -> None:
    event = open_event()
    Phone(event).enter("Ben")

    answer = Phone(event).enter("ben")

    assert "(Event poster). Was that somebody else? Then type your full name." in said(answer)


@pytest.mark.parametrize(
    ("walk_ins", "entry", "sentence"),
    [
        ("refuse", "Cleo", "Cleo is not on the list. Try your V‑number, or ask the staff."),
        ("ask", "Cleo", "Cleo is not on the list. Please ask the staff: they can let you in."),
        ("refuse", "number", "Ana K. is not on the list. Please ask the staff."),
        ("ask", "number", "Ana K. is not on the list. Please ask the staff: they can let you in."),
    ],
)
def test_people_who_are_not_on_the_list_are_sent_to_the_staff(walk_ins: str, entry: str, sentence: str) -> None:
    event, who = open_event(check_in={"walk_ins": walk_ins}), ana()

    answer = Phone(event).enter(str(who.v_number) if entry == "number" else entry)

    assert (answer.status_code, outcome_of(answer)) == (409, "not_registered")
    assert sentence in said(answer)
    assert not Attendance.objects.exists()


def test_who_is_on_the_list_comes_in_where_walk_ins_are_refused() -> None:
    event, who = open_event(check_in={"walk_ins": "refuse"}), ana()
    register(by_member(who.pk), event.code, by=SYSTEM, at=timezone.now())

    assert outcome_of(Phone(event).enter(str(who.v_number))) == "checked_in"


def test_a_full_house_a_blocked_member_and_a_cancelled_registration_are_said_in_words() -> None:
    event, blocked, cancelled = open_event(capacity=0), ana(status=Member.Status.BLOCKED), ana()
    free = open_event()
    register(by_member(cancelled.pk), free.code, by=SYSTEM, at=timezone.now())
    cancel_registration(by_member(cancelled.pk), free.code, by=SYSTEM, at=timezone.now())

    answers = [
        Phone(event).enter("Cleo"),
        Phone(free).enter(str(blocked.v_number)),
        Phone(free).enter(str(cancelled.v_number)),
    ]

    assert [(answer.status_code, outcome_of(answer)) for answer in answers] == [
        (409, "full"),
        (403, "member_blocked"),
        (409, "registration_cancelled"),
    ]
    assert "Every seat is taken, so Cleo is not checked in." in said(answers[0])


def test_a_number_that_two_people_have_asks_for_the_v() -> None:
    number = next_v_number()
    ana(v_number=number)
    ana(v_number=None, card_number=number[1:])
    event = open_event()

    unclear, clear = Phone(event).enter(number[1:]), Phone(event).enter(number)

    assert (unclear.status_code, outcome_of(unclear)) == (409, "ambiguous")
    assert "Type your V‑number with its V, or ask the staff." in said(unclear)
    assert outcome_of(clear) == "checked_in"


def test_a_replaced_pass_is_explained_as_a_pass() -> None:
    event, who = open_event(), ana()
    _pass, old = passes.issue(who, at=timezone.now())
    passes.reissue(who, at=timezone.now())

    answer = Phone(event).enter(old)

    assert (answer.status_code, outcome_of(answer)) == (410, "code_revoked")
    assert "This pass was replaced by a newer one." in said(answer)


# --- Codes and events that let nobody in -----------------------------------------------------------------------------


def test_a_code_that_is_none_explains_itself_without_a_scan() -> None:
    for answer in (Client().get("/c/NOPE/"), Client().post("/c/NOPE/", {"entry": "Ana"}), Client().post("/c/NOPE/")):
        assert (answer.status_code, outcome_of(answer)) == (400, "code_invalid")
        assert "This is no check-in code of ours. Scan the code at the event itself, or ask the staff." in said(answer)
    assert scans() == []


@pytest.mark.parametrize(
    ("kind", "age", "sentence"),
    [
        ("poster", 25 * HOUR, "This poster is more than a day old. Scan a newer one, or ask the staff."),
        ("rotating", 2 * MINUTE, "This code is too old. Scan the code on the screen again."),
    ],
)
def test_an_old_code_says_which_one_to_scan(kind: str, age: timedelta, sentence: str) -> None:
    event = open_event(kind)
    phone = Phone(event, opened_at=timezone.now() - age)

    for answer in (phone.open(), phone.send({"entry": "Ana"}), phone.send({})):
        assert (answer.status_code, outcome_of(answer)) == (410, "code_expired")
        assert sentence in said(answer)
        assert hidden(answer) == {}
    assert scans() == [("code_expired", Phone(event).code.kind.method.value)]


def test_an_old_code_tells_nobody_which_numbers_exist() -> None:
    phone = Phone(open_event(), opened_at=timezone.now() - 25 * HOUR)

    answers = [phone.send({"entry": str(ana().v_number)}), phone.send({"entry": "V99999999"})]

    assert answers[0].content == answers[1].content
    assert [outcome for outcome, _method in scans()] == ["code_expired", "not_found"]


def test_a_withdrawn_code_says_so_at_once() -> None:
    event = open_event()
    phone = Phone(event)
    page = phone.open()

    change(event, code_version=2)

    for answer in (phone.open(), phone.send({"entry": "Ana"} | hidden(page))):
        assert (answer.status_code, outcome_of(answer)) == (410, "code_revoked")
        assert "The organisers replaced this code by a newer one. Scan the code that is shown now." in said(answer)
    assert scans() == [("code_revoked", "poster")]


def test_an_event_that_stops_taking_phones_says_so() -> None:
    event = open_event("rotating")
    phone = Phone(event)
    page = phone.open()

    change(event, self_check_in=CheckInSettings.SelfCheckIn.OFF)
    answer = phone.send({"entry": "Ana"} | hidden(page))

    assert outcome_of(answer) == "code_revoked"
    assert "This event does not take check-ins by phone any more. Please go to the desk." in said(answer)


def test_a_code_from_the_future_lets_nobody_in_and_is_on_record() -> None:
    phone = Phone(open_event(), opened_at=timezone.now() + 2 * HOUR)

    assert outcome_of(phone.open()) == "code_invalid"
    assert outcome_of(phone.send({"entry": "Ana"})) == "code_invalid"
    assert scans() == [("code_invalid", "poster")]


@pytest.mark.parametrize("kind", ["poster", "rotating"])
@pytest.mark.parametrize(
    ("fields", "outcome", "status", "words"),
    [
        ({"stored_status": Event.Stored.CANCELLED}, "event_cancelled", 409, "This event is cancelled"),
        ({"stored_status": Event.Stored.DRAFT}, "not_published", 409, "not open for check-in"),
        ({"review_status": "pending"}, "not_published", 409, "not open for check-in"),
        ({"starts_at": timezone.now() + 5 * HOUR}, "not_open_yet", 409, "Check-in opens"),
        ({"closed_at": timezone.now() - MINUTE}, "closed", 409, "Check-in closed"),
    ],
)
def test_an_event_that_lets_nobody_in_says_so_when_opened_and_when_tried(
    kind: str, fields: dict[str, Any], outcome: str, status: int, words: str
) -> None:
    event = open_event(kind, name="Chess night")
    phone = Phone(event)
    form = hidden(phone.open())
    ends_at = timezone.now() + 9 * HOUR
    Event.objects.filter(pk=event.pk).update(**{"ends_at": ends_at} | fields)

    opened, tried = phone.open(), phone.send({"entry": "Ana"} | form)

    for answer in (opened, tried):
        assert (answer.status_code, outcome_of(answer), words in said(answer)) == (status, outcome, True)
        assert ("Chess night" in answer.content.decode()) == (outcome != "not_published")
    assert [outcome for outcome, _method in scans()] == [outcome]


def test_who_was_too_early_may_press_again_later() -> None:
    event = open_event("rotating")
    phone = Phone(event)
    phone.open()
    starts_at = event.starts_at
    Event.objects.filter(pk=event.pk).update(starts_at=starts_at + 5 * HOUR, ends_at=starts_at + 9 * HOUR)

    early = phone.enter("Ana")
    Event.objects.filter(pk=event.pk).update(starts_at=starts_at)
    in_time = phone.enter("Ana")

    assert (outcome_of(early), outcome_of(in_time)) == ("not_open_yet", "checked_in")


# --- Sessions of a rotating code -------------------------------------------------------------------------------------


def session_of(age: timedelta, event: Event, **fields: Any) -> str:
    """A session that was granted so long ago, by a code that was fresh then."""
    opened_at = timezone.now() - age
    reading = eventcodes.read(eventcodes.issue(event, at=opened_at).token, at=opened_at)
    return codesessions.grant(reading, at=opened_at)


@pytest.mark.parametrize(
    ("age", "outcome"), [(4 * MINUTE + 50 * SECOND, "checked_in"), (5 * MINUTE + 10 * SECOND, "code_expired")]
)
def test_slow_typists_have_five_minutes(age: timedelta, outcome: str) -> None:
    event = open_event("rotating")
    phone = Phone(event, opened_at=timezone.now() - age)

    answer = phone.send({"entry": "Ana", "session": session_of(age, event)})

    assert outcome_of(answer) == outcome


@pytest.mark.parametrize("wrong", ["", "x", "another event", "future", "poster", "cut", "A" * 5000, "é"])
def test_without_a_session_of_this_event_a_rotating_code_checks_nobody_in(wrong: str) -> None:
    event, other = open_event("rotating"), open_event("rotating")
    sessions = {
        "another event": session_of(SECOND, other),
        "future": session_of(-2 * HOUR, event),
        "poster": eventcodes.issue(open_event(), at=timezone.now()).token,
        "cut": session_of(SECOND, event)[:-1],
    }
    phone = Phone(event)

    answer = phone.send({"entry": "Ana", "session": sessions.get(wrong, wrong)})

    assert outcome_of(answer) == "code_expired"
    assert not Attendance.objects.exists()


def test_no_session_with_one_character_changed_is_one() -> None:
    text = session_of(SECOND, open_event("rotating"))

    found = [
        (place, mark)
        for place, old in enumerate(text)
        for mark in "0123456789abcdefABCDEFGZ.-_="
        if mark != old and find(text[:place] + mark + text[place + 1 :])
    ]

    assert found == []
    assert find(text) is not None


def test_an_event_code_is_no_session_and_a_session_is_no_event_code() -> None:
    event = open_event("rotating")

    assert find(eventcodes.issue(event, at=timezone.now()).token) is None
    assert Client().get(f"/c/{session_of(SECOND, event)}/").status_code == 400


def test_a_session_checks_in_one_person_only() -> None:
    event = open_event("rotating")
    phone = Phone(event)
    form = hidden(phone.open())

    first = phone.send({"entry": "Ana"} | form)
    second = phone.send({"entry": "Ben"} | form)
    third = phone.send({"entry": "Ben"} | form | {"operation": "9b2f0f52-61c6-4c53-8a27-7b8a1f8a8f5e"})

    assert [outcome_of(answer) for answer in (first, second, third)] == ["checked_in", "code_expired", "code_expired"]
    assert "This code has checked somebody in already." in said(second)
    assert [row.guest_name for row in Attendance.objects.all()] == ["Ana"]
    assert CodeSession.objects.count() == 1


def test_a_session_survives_every_refusal() -> None:
    event, blocked = open_event("rotating"), ana(status=Member.Status.BLOCKED)
    come_in(by_guest_name("Cleo"), event, at=timezone.now() - MINUTE, by=SYSTEM)
    phone = Phone(event)

    refused = [outcome_of(phone.enter(entry)) for entry in ("V99999999", str(blocked.v_number), "cleo", "")]
    accepted = phone.enter("Ben")

    assert refused == ["not_found", "member_blocked", "already_in", ""]
    assert outcome_of(accepted) == "checked_in"


@pytest.mark.parametrize("kind", ["poster", "rotating"])
def test_a_double_tap_and_a_retry_hear_the_first_answer(kind: str) -> None:
    event, who = open_event(kind, check_in={"points": 5}), ana()
    phone = Phone(event)
    form = {"entry": str(who.v_number)} | hidden(phone.open())

    answers = [phone.send(form) for _tap in range(3)]

    assert {said(answer) for answer in answers} == {said(answers[0])}
    assert [answer.status_code for answer in answers] == [201, 201, 201]
    assert scans() == [("checked_in", phone.code.kind.method.value)]


def test_the_same_person_under_another_spelling_hears_the_first_answer_too() -> None:
    event, who = open_event("rotating"), ana()
    phone = Phone(event)
    form = hidden(phone.open())
    number = str(who.v_number)

    answers = [phone.send({"entry": entry} | form) for entry in (number, number.lower(), number[1:])]

    assert [outcome_of(answer) for answer in answers] == ["checked_in"] * 3
    assert Scan.objects.count() == 1


@pytest.mark.parametrize("kind", ["poster", "rotating"])
def test_a_retry_whose_code_ran_out_meanwhile_is_still_answered(kind: str) -> None:
    event = open_event(kind)
    phone = Phone(event)
    form = {"entry": "Ana"} | hidden(phone.open())
    phone.send(form)

    change(event, code_version=2)
    again = phone.send(form)

    assert (again.status_code, outcome_of(again)) == (201, "checked_in")


def test_withdrawing_ends_sessions_too() -> None:
    event = open_event("rotating")
    phone = Phone(event)
    form = hidden(phone.open())

    event = change(event, code_version=2)
    answers = [phone.send({"entry": "Ana"} | form), Phone(event).send({"entry": "Ana"} | form)]

    assert [outcome_of(answer) for answer in answers] == ["code_revoked", "code_revoked"]


def test_used_sessions_are_swept_when_they_can_mean_nothing_any_more() -> None:
    at = timezone.now()
    for age in (61 * MINUTE, 59 * MINUTE):
        CodeSession.objects.create(nonce=f"{age.seconds:032x}", operation_id="0" * 32, used_at=at - age)

    codesessions.sweep(at=at)

    assert [row.used_at for row in CodeSession.objects.all()] == [at - 59 * MINUTE]


# --- Remembered on this phone ----------------------------------------------------------------------------------------


def test_who_checked_in_is_remembered_and_needs_one_tap_at_the_next_event() -> None:
    who = ana()
    phone = Phone(open_event())
    phone.enter(str(who.v_number), remember="1")

    later = Phone(open_event("rotating"), client=phone.client)
    page = later.open()
    answer = later.again()

    assert "It’s me again Ana K." in said(page)
    assert "Kovač" not in page.content.decode() + answer.content.decode()
    assert "Checked in Ana K. Visit number 2" in said(answer)


def test_a_guest_is_remembered_by_name_and_shown_masked() -> None:
    phone = Phone(open_event())
    phone.enter("Cleo van der Berg", remember="1")

    later = Phone(open_event(), client=phone.client)
    shown = said(later.open()) + said(later.again())

    assert "It’s me again Cleo B." in shown
    assert "van der Berg" not in shown
    assert list(Attendance.objects.values_list("guest_name", flat=True)) == ["Cleo van der Berg"] * 2


def test_the_cookie_is_out_of_reach_for_scripts_and_signed() -> None:
    phone = Phone(open_event())
    phone.enter("Ana", remember="1")
    cookie = phone.client.cookies[settings.REMEMBER_COOKIE_NAME]

    assert (cookie["httponly"], cookie["samesite"], cookie["max-age"]) == (True, "Lax", 365 * 24 * 3600)
    for forged in (cookie.value[:-1], "x", "", "A" * 9000, cookie.value.replace(":", ".")):
        stranger = Phone(open_event())
        stranger.client.cookies[settings.REMEMBER_COOKIE_NAME] = forged
        assert "It’s me again" not in said(stranger.open())


def test_nobody_is_remembered_unasked_or_after_a_refusal() -> None:
    event = open_event()

    for entry, fields in (("Ana", {}), ("V99999999", {"remember": "1"}), ("", {"remember": "1"})):
        phone = Phone(event)
        phone.enter(entry, **fields)
        assert settings.REMEMBER_COOKIE_NAME not in phone.client.cookies


def test_that_is_not_me_forgets_at_once_and_the_form_goes_on_with_its_session() -> None:
    phone = Phone(open_event())
    phone.enter("Ana", remember="1")
    later = Phone(open_event("rotating"), client=phone.client)
    form = hidden(later.open())

    page = phone.client.post(f"{later.url}forget/", form)

    assert "It’s me again" not in said(page)
    assert hidden(page)["session"] == form["session"]
    assert phone.client.cookies[settings.REMEMBER_COOKIE_NAME].value == ""
    assert outcome_of(later.send({"entry": "Ben"} | hidden(page))) == "checked_in"


def test_forgetting_by_an_old_code_explains_the_code_and_forgets_all_the_same() -> None:
    phone = Phone(open_event("rotating"), opened_at=timezone.now() - HOUR)

    answer = phone.client.post(f"{phone.url}forget/")

    assert outcome_of(answer) == "code_expired"
    assert answer.cookies[settings.REMEMBER_COOKIE_NAME]["max-age"] == 0
    assert phone.client.get(f"{phone.url}forget/").headers["Location"] == phone.url


def test_a_remembered_member_who_is_gone_is_nobody() -> None:
    who = ana()
    phone = Phone(open_event())
    phone.enter(str(who.v_number), remember="1")
    Scan.objects.all().delete()
    Attendance.objects.all().delete()
    who.delete()

    later = Phone(open_event(), client=phone.client)

    assert "It’s me again" not in said(later.open())
    assert later.again().status_code == 400


def test_somebody_else_may_check_in_on_a_phone_that_remembers() -> None:
    phone = Phone(open_event())
    phone.enter("Ana", remember="1")
    later = Phone(open_event(), client=phone.client)

    later.enter("Ben")

    assert Attendance.objects.latest("pk").guest_name == "Ben"
    assert "It’s me again Ana" in said(Phone(open_event(), client=phone.client).open())


# --- Nothing by looking, nothing by trying ---------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["poster", "rotating"])
def test_looking_at_a_code_changes_no_row(kind: str, django_assert_num_queries: Any) -> None:
    phone = Phone(open_event(kind))

    for method in ("GET", "HEAD", "OPTIONS"):
        for _preview in range(20):
            with django_assert_num_queries(1 if method != "OPTIONS" else 0):
                answer = phone.client.generic(method, phone.url)
            assert answer.status_code == (405 if method == "OPTIONS" else 200)

    assert [kind.objects.count() for kind in (Scan, Attendance, CodeSession)] == [0, 0, 0]


def test_a_first_time_phone_gets_a_token_against_forgery_and_needs_it() -> None:
    event = open_event()
    phone = Phone(event, client=Client(enforce_csrf_checks=True))
    page = phone.open()
    token = page.content.decode().split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]

    without = phone.send({"entry": "Ana"} | hidden(page))
    with_it = phone.send({"entry": "Ana", "csrfmiddlewaretoken": token} | hidden(page))

    assert (without.status_code, with_it.status_code) == (403, 201)


def test_no_answer_is_kept_found_or_leaked_to_other_sites() -> None:
    phone = Phone(open_event())

    for answer in (phone.open(), phone.enter("Ana"), Client().get("/c/NOPE/")):
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Robots-Tag"] == "noindex, nofollow"
        assert answer.headers["Referrer-Policy"] == "strict-origin"


def test_neither_code_nor_session_nor_name_nor_number_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    from checkin_project.platform.logs import Formatter

    phone, who = Phone(open_event("rotating")), ana()
    caplog.set_level(logging.DEBUG)

    form = hidden(phone.open())
    phone.enter("Canary Bird")
    phone.send({"entry": str(who.v_number)} | form)
    phone.client.get(f"{phone.url}nowhere/")
    logging.getLogger("django.request").warning("Bad Request: %s", phone.url)
    logging.getLogger("attendance").error("could not answer %s", phone.url)

    lines = "\n".join(Formatter(as_json=True).format(record) for record in caplog.records)
    assert "could not answer" in lines
    for canary in (phone.code.token, phone.code.token.split(".")[1], form["session"], "Canary", str(who.v_number)[1:]):
        assert canary not in lines


@pytest.fixture
def _one_window(monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows are fixed; one so long that no test falls between two."""
    monkeypatch.setattr(patience, "ATTEMPTS_SECONDS", 10**7)
    monkeypatch.setattr(patience, "MISSES_SECONDS", 10**7)


@pytest.mark.usefixtures("_one_window")
def test_one_phone_that_tries_too_often_is_slowed_down_and_others_are_not() -> None:
    event = open_event()
    phone = Phone(event)
    phone.open()

    answers = [phone.enter("Ana") for _try in range(patience.ATTEMPTS_OF_A_PHONE + 1)]
    other = Phone(event).enter("Ben")

    assert answers[-2].status_code != 429
    assert (answers[-1].status_code, answers[-1].headers["Retry-After"]) == (429, str(patience.ATTEMPTS_SECONDS))
    assert "This phone has tried very often. Wait a minute, then press the button again." in said(answers[-1])
    assert 'value="Ana"' in answers[-1].content.decode()
    assert outcome_of(other) == "checked_in"


@pytest.mark.usefixtures("_one_window")
def test_whoever_tries_numbers_is_stopped_soon_and_names_go_on() -> None:
    event, who = open_event(), ana()
    phone = Phone(event)
    phone.open()

    misses = [phone.enter(f"V9999999{n}").status_code for n in range(patience.MISSES_OF_A_PHONE)]
    number, name = phone.enter(str(who.v_number)), phone.enter("Ben")

    assert set(misses) == {404}
    assert number.status_code == 429
    assert "Too many wrong numbers were tried here. Type your name instead, or ask the staff." in said(number)
    assert outcome_of(name) == "checked_in"


@pytest.mark.usefixtures("_one_window")
def test_a_new_cookie_for_each_try_does_not_help_who_tries_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "MISSES_OF_A_PLACE", 10)
    event, elsewhere, who = open_event(), open_event(), ana()

    for n in range(10):
        assert Phone(event).enter(f"V999999{n:02}").status_code == 404

    assert Phone(event).enter(str(who.v_number)).status_code == 429
    assert outcome_of(Phone(event).enter("Ben")) == "checked_in"
    assert outcome_of(Phone(elsewhere).enter(str(who.v_number))) == "checked_in"


def test_a_thousand_people_behind_one_address_come_in_within_a_minute() -> None:
    """The limits of a place are for those who guess; a campus that arrives at once stays far below them."""
    assert patience.ATTEMPTS_OF_A_PLACE >= 1000
    assert patience.MISSES_OF_A_PLACE >= 100


# --- The page's script -----------------------------------------------------------------------------------------------


def test_the_script_gets_the_part_that_changes_with_a_mark_that_it_is_a_true_answer() -> None:
    phone = Phone(open_event())
    form = hidden(phone.open())

    refused = phone.client.post(phone.url, {"entry": ""} | form, headers={"X-Requested-With": "self"})
    accepted = phone.client.post(phone.url, {"entry": "Ana"} | form, headers={"X-Requested-With": "self"})

    assert [answer.headers["X-Self"] for answer in (refused, accepted)] == ["form", "outcome"]
    assert not any(b"<html" in answer.content for answer in (refused, accepted))


def test_an_answer_takes_few_questions_to_the_database(django_assert_max_num_queries: Any) -> None:
    event, who = open_event("rotating"), ana()
    phone = Phone(event)
    form = {"entry": str(who.v_number)} | hidden(phone.open())

    with django_assert_max_num_queries(14):
        answer = phone.send(form)

    assert outcome_of(answer) == "checked_in"


def test_an_event_named_with_markup_shows_it_as_text() -> None:
    event = make_event(name="<script>alert(1)</script>", starts_at=timezone.now())

    shown = Phone(event).open().content.decode() + Phone(event).enter("<b>Ana</b>").content.decode()

    assert "<script>alert" not in shown
    assert "<b>Ana" not in shown
