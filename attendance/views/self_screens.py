"""What a phone sees at the door of an event code: the form, an answer, or what is wrong with the code.

A true answer carries the header X-Self; the page's script believes nothing that lacks it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from attendance import codesessions, live, messages, remembering, selfwords
from attendance.api import HTTP_STATUS
from attendance.eventcodes import Kind, Reading
from attendance.models import Scan
from attendance.openness import Openness
from attendance.outcomes import TONE, Answer, CheckInResult, Outcome
from attendance.remembering import Remembered
from attendance.selfform import SelfForm
from attendance.subjects import By, Subject
from events.models import Event

HEADER = "X-Self"
# After these another entry, or the same one a little later, may go better.
_MAY_TRY_AGAIN = frozenset(
    {
        Outcome.NOT_FOUND,
        Outcome.AMBIGUOUS,
        Outcome.ALREADY_IN,
        Outcome.NOT_OPEN_YET,
        Outcome.MEMBER_BLOCKED,
        Outcome.REGISTRATION_CANCELLED,
        Outcome.NOT_REGISTERED,
        Outcome.FULL,
        Outcome.OPERATION_CONFLICT,
    }
)


@dataclass(frozen=True, slots=True)
class Visit:
    """A phone at the door: the code it came by and whom it remembers. `session` is the one that its form carries."""

    request: HttpRequest
    token: str
    reading: Reading
    remembered: Remembered | None
    at: datetime
    session: str = ""

    @property
    def event(self) -> Event:
        return self.reading.known[0]

    def opened(self) -> Visit:
        """The visit with a session of its own, where the code needs one."""
        if self.reading.kind is not Kind.ROTATING:
            return self
        return replace(self, session=codesessions.grant(self.reading, at=self.at))

    def form_page(self, form: SelfForm, *, sentence: str = "", status: int = 200) -> HttpResponse:
        """The form with whatever was typed; `sentence` says what was wrong, beyond the field itself."""
        return self._answer("form", self._form_context(form) | {"sentence": sentence}, status)

    def code_page(self, problem: Outcome, *, is_used: bool = False) -> HttpResponse:
        """What is wrong with the code. There is no form: nobody can check in by it."""
        line = selfwords.code_sentence(problem, self.reading.kind, self.reading.event, is_used=is_used)
        return self._outcome_page(problem, [line], {})

    def closed_page(self, problem: Outcome, stands: Openness) -> HttpResponse:
        """What speaks against checking in to this event now, whoever it is."""
        answer = Answer(opens_at=stands.opens_at, closes_at=stands.closes_at)
        result = CheckInResult(problem, self.event.pk, uuid4(), answer=answer)
        line = selfwords.sentence_for(result, self.event, is_guest=False)
        may_look_again = problem is Outcome.NOT_OPEN_YET and self.reading.kind is Kind.POSTER
        return self._outcome_page(problem, [line], {"may_look_again": may_look_again})

    def outcome_page(self, result: CheckInResult, form: SelfForm, subject: Subject) -> HttpResponse:
        """The answer to one attempt. A member's name stays masked: somebody may be trying numbers."""
        name = self.remembered.label if self.remembered and form.is_again else remembering.label_of(subject)
        result = replace(result, answer=replace(result.answer, name=name))
        if result.outcome is Outcome.CHECKED_IN:
            checked_in = live.snapshot(self.event.pk).checked_in
            lines = [*messages.story_for(result.answer), selfwords.how_many(checked_in)]
            # A retry that is answered again says when it was, not when it asked.
            at = _moment_of(result.operation_id) if result.replayed else self.at
            context: dict[str, Any] = {"name": name, "at": at, "may_add_another": self.reading.kind is Kind.POSTER}
            return self._outcome_page(result.outcome, lines, context)
        lines = [selfwords.sentence_for(result, self.event, is_guest=subject.by is By.GUEST)]
        context = self._form_context(form) if result.outcome in _MAY_TRY_AGAIN else {}
        return self._outcome_page(result.outcome, lines, context)

    def _outcome_page(self, outcome: Outcome, lines: list[str], context: dict[str, Any]) -> HttpResponse:
        shown = {"outcome": outcome.value, "tone": TONE[outcome].value, "headline": messages.headline_for(outcome)}
        hides_event = outcome is Outcome.NOT_PUBLISHED or self.reading.event is None
        event = {"event": None} if hides_event else {}
        return self._answer("outcome", shown | {"lines": lines} | context | event, HTTP_STATUS[outcome])

    def _form_context(self, form: SelfForm) -> dict[str, Any]:
        return {
            "form": form,
            "remembered": self.remembered,
            "session": self.session,
            # A form that is shown anew is a new attempt; the same form sent twice is the same one.
            "operation": uuid4(),
            "is_remembering": form.is_remembering if form.is_bound else self.remembered is None,
        }

    def _answer(self, kind: str, context: dict[str, Any], status: int) -> HttpResponse:
        """The whole page, or for its script the part of it that changes."""
        is_part = self.request.headers.get("X-Requested-With") == "self"
        template = "attendance/_self.html" if is_part else "attendance/self.html"
        page = {"kind": kind, "token": self.token, "event": self.reading.event}
        context = page | {"words": selfwords.for_the_script()} | context
        response = render(self.request, template, context, status=status)
        response.headers[HEADER] = kind
        response.headers["Vary"] = "X-Requested-With"
        response.headers["Cache-Control"] = "no-store"
        response.headers["X-Robots-Tag"] = "noindex, nofollow"
        # The code is part of the address. Not even our own server's log shall find it in a Referer.
        response.headers["Referrer-Policy"] = "strict-origin"
        return response


def _moment_of(operation_id: UUID) -> datetime:
    return Scan.objects.values_list("occurred_at", flat=True).get(operation_id=operation_id)


def remember_person(response: HttpResponse, subject: Subject, member_id: int | None) -> None:
    _set_cookie(response, remembering.seal(subject, member_id), remembering.AGE)


def forget_person(response: HttpResponse) -> None:
    # As it was set: browsers let a __Host- cookie be deleted only by a Secure one.
    _set_cookie(response, "", 0)


def _set_cookie(response: HttpResponse, value: str, age: int) -> None:
    response.set_cookie(
        settings.REMEMBER_COOKIE_NAME,
        value,
        max_age=age,
        secure=settings.SECURE_COOKIES,
        httponly=True,
        samesite="Lax",
    )


def remembered_by(request: HttpRequest) -> Remembered | None:
    return remembering.find(request.COOKIES.get(settings.REMEMBER_COOKIE_NAME, ""))
