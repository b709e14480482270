"""Who asks at the JSON door: the holder of a key, or a paired device."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from ninja.security import HttpBearer

from attendance import devices
from attendance.models import Device, Method
from checkin_project.platform.access import Actor, Scope
from members import keys

_DOOR: dict[str, Method] = {"": Method.API, Device.Kind.KIOSK: Method.KIOSK, Device.Kind.SCANNER: Method.SCANNER}


@dataclass(frozen=True, slots=True)
class Caller:
    """The actor, and the kind of device it is, if it is one."""

    actor: Actor
    device_kind: str = ""

    @property
    def door(self) -> Method:
        return _DOOR[self.device_kind]

    def permitted(self, scope: Scope) -> Actor:
        """The actor, who needs this scope if it is a key. A key that may check in may read numbers too."""
        actor = self.actor
        if actor.key_id is None or scope in actor.scopes:
            return actor
        if scope is Scope.READ_COUNTS and Scope.CHECK_IN in actor.scopes:
            return actor
        raise PermissionDenied(_("This key lacks the scope “%(scope)s”.") % {"scope": scope.value})


def identify(token: str, at: datetime, *, writes: bool) -> Caller | None:
    """Whose API key or device's token this is; None for nobody's. With `writes` its use is noted."""
    if token.startswith(devices.TOKEN_PREFIX):
        device = devices.device_for_token(token, at=at)
        if device is None:
            return None
        if writes:
            devices.note_seen(device, at=at)
        return Caller(devices.actor_of(device), device.kind)
    actor = keys.actor_for_secret(token, at=at, note_use=writes)
    return None if actor is None else Caller(actor)


class BearerAuth(HttpBearer):
    """An API key or a device's token, as `Authorization: Bearer …`."""

    def authenticate(self, request: HttpRequest, token: str) -> Caller | None:
        caller = identify(token, timezone.now(), writes=request.method == "POST")
        if caller is not None:
            request._actor = caller.actor  # type: ignore[attr-defined] # the request's log line names it
        return caller


def caller_of(request: HttpRequest) -> Caller:
    """Whom BearerAuth found."""
    return request.auth  # type: ignore[attr-defined,no-any-return]
