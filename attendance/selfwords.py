"""What a phone is told at the door of an event code: at most two sentences, and always what to do."""

from __future__ import annotations

from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.utils.translation import ngettext

from attendance.eventcodes import Kind
from attendance.messages import message_for
from attendance.outcomes import CheckInResult, Outcome
from events.models import CheckInSettings, Event

# Where a phone can do something else than a kiosk.
_SENTENCES = {
    Outcome.NOT_FOUND: _lazy("Nobody has this number. Check it, or type your name instead."),
    Outcome.AMBIGUOUS: _lazy("Several people have this number. Type your V‑number with its V, or ask the staff."),
    Outcome.FULL: _lazy("Every seat is taken, so %(name)s is not checked in. Please ask the staff."),
    Outcome.MEMBER_BLOCKED: _lazy("%(name)s cannot check in here. Please speak to the staff."),
    Outcome.REGISTRATION_CANCELLED: _lazy("The registration of %(name)s was cancelled. Please speak to the staff."),
    Outcome.EVENT_CANCELLED: _lazy("This event is cancelled, so nobody can check in. Please ask the organisers."),
    Outcome.OPERATION_CONFLICT: _lazy("Nothing was changed. Please press the button once more."),
}


def code_sentence(problem: Outcome, kind: Kind | None, event: Event | None, *, is_used: bool = False) -> str:
    """What is wrong with the code somebody came by, and which one to scan instead."""
    is_poster = kind is Kind.POSTER
    if is_used:
        return _("This code has checked somebody in already. For the next person, scan the code on the screen again.")
    if problem is Outcome.CODE_INVALID:
        return _("This is no check-in code of ours. Scan the code at the event itself, or ask the staff.")
    if event is not None and event.check_in_settings.self_check_in == CheckInSettings.SelfCheckIn.OFF:
        return _("This event does not take check-ins by phone any more. Please go to the desk.")
    if problem is Outcome.CODE_REVOKED:
        return _("The organisers replaced this code by a newer one. Scan the code that is shown now.")
    if is_poster:
        return _("This poster is more than a day old. Scan a newer one, or ask the staff.")
    return _("This code is too old. Scan the code on the screen again.")


def sentence_for(result: CheckInResult, event: Event, *, is_guest: bool) -> str:
    """What happened, whether the person is in, and what to do, where the code itself is fine."""
    name = result.answer.name
    if result.outcome is Outcome.NOT_REGISTERED:
        return _not_registered(name, event, is_guest=is_guest)
    if result.outcome in _SENTENCES:
        return str(_SENTENCES[result.outcome]) % {"name": name}
    said = message_for(result, event.zone)
    if result.outcome is Outcome.ALREADY_IN and is_guest:
        return f"{said} {_('Was that somebody else? Then type your full name.')}"
    return said


def _not_registered(name: str, event: Event, *, is_guest: bool) -> str:
    words = {"name": name}
    if event.check_in_settings.walk_ins == CheckInSettings.WalkIns.ASK:
        return _("%(name)s is not on the list. Please ask the staff: they can let you in.") % words
    if is_guest:
        return _("%(name)s is not on the list. Try your V‑number, or ask the staff.") % words
    return _("%(name)s is not on the list. Please ask the staff.") % words


def how_many(checked_in: int) -> str:
    """The live number, at the end of a confirmation."""
    number = formats.number_format(checked_in, force_grouping=True)
    return ngettext("%(n)s person is checked in.", "%(n)s people are checked in.", checked_in) % {"n": number}


def for_the_script() -> dict[str, str]:
    """What the page says while it waits for the server. None of it claims that anybody is in."""
    return {
        "asking": _("Checking you in …"),
        "waiting": _("No connection. Trying again …"),
        "gaveUp": _("No connection, so you may not be checked in. Press the button to try again."),
        "refused": _("This page is too old. Scan the code again."),
    }
