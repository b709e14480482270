"""The shape of every JSON answer that is an error, and the base of every JSON question. Doors build on it."""

from __future__ import annotations

import json
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.core.serializers.json import DjangoJSONEncoder
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from ninja import NinjaAPI, Schema
from ninja.errors import AuthenticationError, HttpError
from ninja.errors import ValidationError as InputError
from ninja.parser import Parser
from pydantic import BaseModel, ConfigDict

# One encoder for all answers: making one takes longer than encoding does.
_ENCODER = DjangoJSONEncoder(separators=(",", ":"))


class StrictSchema(BaseModel):
    """A body in which an unknown field is an error, so that a typing mistake is never silently ignored."""

    model_config = ConfigDict(extra="forbid", str_max_length=1000)


class ErrorDetail(Schema):
    code: str
    message: str
    fields: dict[str, list[str]] | None = None


class ErrorAnswer(Schema):
    error: ErrorDetail


def error(code: str, message: str, *, status: int, fields: dict[str, list[str]] | None = None) -> JsonResponse:
    """`{"error": {"code", "message", "fields"?}}` with that status."""
    detail: dict[str, Any] = {"code": code, "message": message}
    if fields:
        detail["fields"] = fields
    return JsonResponse({"error": detail}, status=status)


def encode(told: dict[str, Any]) -> bytes:
    """The JSON of an answer, with instants and ids as Django writes them."""
    return _ENCODER.encode(told).encode()


def answer(told: dict[str, Any], *, status: int) -> HttpResponse:
    return HttpResponse(encode(told), content_type="application/json", status=status)


class SafeParser(Parser):
    """Refuses what is no JSON, and JSON so deep that reading it would end the process' stack."""

    def parse_body(self, request: HttpRequest) -> Any:
        try:
            return json.loads(request.body)
        except (ValueError, RecursionError):
            raise HttpError(400, _("The body is not JSON that can be read.")) from None


def _bad_input(request: HttpRequest, exception: InputError) -> HttpResponse:
    fields: dict[str, list[str]] = {}
    for problem in exception.errors:
        # ("body", "asked", "event") → "event": the name of our own argument says nothing to a caller.
        where = [str(part) for part in problem["loc"] if part not in ("body", "query", "path", "asked")]
        text = str(problem["msg"]).removeprefix("Value error, ")
        fields.setdefault(".".join(where) or "body", []).append(text)
    return error("invalid", _("Some fields are missing or wrong."), status=400, fields=fields)


def _refused_value(request: HttpRequest, exception: ValidationError) -> HttpResponse:
    fields = exception.message_dict if hasattr(exception, "error_dict") else None
    message = _("Some fields are missing or wrong.") if fields else exception.messages[0]
    return error("invalid", message, status=400, fields=fields)


def _http_error(request: HttpRequest, exception: HttpError) -> HttpResponse:
    return error("invalid", str(exception), status=exception.status_code)


def _no_key(request: HttpRequest, exception: AuthenticationError) -> HttpResponse:
    response = error(
        "unauthorized",
        _("Send a valid key or device token as “Authorization: Bearer …”."),
        status=401,
    )
    response["WWW-Authenticate"] = "Bearer"
    return response


def _forbidden(request: HttpRequest, exception: PermissionDenied) -> HttpResponse:
    return error("forbidden", str(exception) or _("This key may not do that."), status=403)


def _absent(request: HttpRequest, exception: Http404) -> HttpResponse:
    return error("not_found", _("There is nothing at this address."), status=404)


def prepare(api: NinjaAPI) -> None:
    """Give the API one shape of error for everything that can go wrong in it."""
    api.add_exception_handler(InputError, _bad_input)  # type: ignore[arg-type]
    api.add_exception_handler(ValidationError, _refused_value)  # type: ignore[arg-type]
    api.add_exception_handler(HttpError, _http_error)  # type: ignore[arg-type]
    api.add_exception_handler(AuthenticationError, _no_key)  # type: ignore[arg-type]
    api.add_exception_handler(PermissionDenied, _forbidden)  # type: ignore[arg-type]
    api.add_exception_handler(Http404, _absent)  # type: ignore[arg-type]
