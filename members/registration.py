"""Somebody new says who they are: a provisional member, made at a door and confirmed by staff later."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from members.models import Member

# What people may say about themselves; everything else about a new member is set here.
FIELDS = ("first_name", "last_name", "classification", "major", "v_number", "student_email")


def register_provisional(details: Member) -> Member:
    """Save `details` (built from FIELDS, not saved yet) as a provisional member.

    Raises ValidationError with one entry per field, also when somebody else took the number a moment ago.
    """
    member = Member(**{name: getattr(details, name) for name in FIELDS}, status=Member.Status.PROVISIONAL)
    member.full_clean()
    try:
        with transaction.atomic():
            member.save()
    except IntegrityError:
        raise ValidationError(_("This V-number or e-mail is on record already.")) from None
    return member
