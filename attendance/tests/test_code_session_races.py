"""One opening of a rotating code checks in one person, however many ask at the same instant; on both databases."""

from collections import Counter
from collections.abc import Iterator
from functools import partial
from uuid import UUID, uuid4

import pytest
from django.utils import timezone

from attendance import codesessions, eventcodes
from attendance.codesessions import Session
from attendance.models import Attendance, CodeSession, Scan
from attendance.outcomes import Outcome
from attendance.selfcheckin import SelfCheckIn, check_in_self
from attendance.subjects import Subject, by_guest_name, by_member
from attendance.tests.checker import violations
from attendance.tests.racing import open_event, rounds, together, wide_pool
from events.models import Event
from members.models import Member
from members.tests.factories import make_member

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(300)]


@pytest.fixture(autouse=True)
def _wide_pool() -> Iterator[None]:
    with wide_pool():
        yield


class Opening:
    """A rotating code that one phone has opened."""

    def __init__(self, **rules: object) -> None:
        self.event: Event = open_event(check_in={"self_check_in": "rotating"} | rules)
        token = eventcodes.issue(self.event, at=timezone.now()).token
        self.reading = eventcodes.read(token, at=timezone.now())
        found = codesessions.find(codesessions.grant(self.reading, at=timezone.now()))
        assert found is not None
        self.session: Session = found

    def send(self, subject: Subject, operation_id: UUID) -> SelfCheckIn:
        return check_in_self(subject, self.reading, self.session, at=timezone.now(), operation_id=operation_id)


def test_of_many_people_with_one_opening_one_comes_in_and_the_others_are_told() -> None:
    for _round in rounds(10, 4):
        opening = Opening()

        done = together([partial(opening.send, by_guest_name(f"Guest {n}"), uuid4()) for n in range(12)])

        assert Counter(each.result.outcome for each in done) == {Outcome.CHECKED_IN: 1, Outcome.CODE_EXPIRED: 11}
        assert Counter(each.is_used for each in done) == {False: 1, True: 11}
        assert Attendance.objects.filter(event=opening.event).count() == 1
        assert CodeSession.objects.filter(nonce=opening.session.nonce).count() == 1
    assert violations() == []


@pytest.mark.parametrize("points", [0, 10])
def test_one_person_who_taps_ten_times_at_once_comes_in_once_and_hears_one_answer(points: int) -> None:
    for _round in rounds(10, 4):
        opening, ben, operation = Opening(points=points), make_member(), uuid4()

        done = together([partial(opening.send, by_member(ben.pk), operation)] * 10)

        assert {(each.result.outcome, each.result.answer, each.problem) for each in done} == {
            (Outcome.CHECKED_IN, done[0].result.answer, None)
        }
        assert Scan.objects.filter(event=opening.event).count() == 1
    assert violations() == []


def test_one_person_under_ten_operations_at_once_comes_in_once() -> None:
    for _round in rounds(10, 4):
        opening, ben = Opening(), make_member()

        done = together([partial(opening.send, by_member(ben.pk), uuid4()) for _tap in range(10)])

        assert {each.result.outcome for each in done} == {Outcome.CHECKED_IN}
        assert Counter(each.result.replayed for each in done) == {False: 1, True: 9}
        assert Attendance.objects.filter(event=opening.event).count() == 1


def test_attempts_that_are_refused_at_the_same_instant_leave_the_opening_to_be_used() -> None:
    for _round in rounds(10, 4):
        opening = Opening()
        blocked = [make_member(status=Member.Status.BLOCKED) for _who in range(6)]
        acts = [partial(opening.send, by_member(who.pk), uuid4()) for who in blocked]

        done = together([*acts, partial(opening.send, by_guest_name("Ben"), uuid4())])
        used = Attendance.objects.filter(event=opening.event).count()

        assert used == 1
        assert done[-1].result.outcome is Outcome.CHECKED_IN
        assert {each.result.outcome for each in done[:-1]} <= {Outcome.MEMBER_BLOCKED, Outcome.CODE_EXPIRED}


def test_many_openings_of_one_event_do_not_stand_in_each_others_way() -> None:
    first = Opening()
    openings = []
    for _phone in range(20):
        session = codesessions.find(codesessions.grant(first.reading, at=timezone.now()))
        assert session is not None
        openings.append(session)

    done = together(
        [
            partial(
                check_in_self,
                by_guest_name(f"Guest {n}"),
                first.reading,
                session,
                at=timezone.now(),
                operation_id=uuid4(),
            )
            for n, session in enumerate(openings)
        ]
    )

    assert {each.result.outcome for each in done} == {Outcome.CHECKED_IN}
    assert Attendance.objects.filter(event=first.event).count() == 20


def test_the_checker_finds_the_second_person_that_looking_before_claiming_lets_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Negative control: a claim that looks and then writes lets several in by one opening."""

    def look_then_write(session: Session, operation_id: UUID, *, at: object) -> UUID:
        found = CodeSession.objects.filter(nonce=session.nonce).first()
        return found.operation_id if found else operation_id

    monkeypatch.setattr(codesessions, "claim", look_then_write)
    opening = Opening()

    done = together([partial(opening.send, by_guest_name(f"Guest {n}"), uuid4()) for n in range(12)])

    assert Counter(each.result.outcome for each in done)[Outcome.CHECKED_IN] > 1
