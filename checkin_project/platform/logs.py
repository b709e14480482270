"""Logs: one line per thing that happened, JSON in production, readable locally, without secrets or personal data."""

import json
import logging
import logging.config
import re
from collections.abc import Mapping, MutableMapping
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

import structlog
from structlog.types import EventDict, Processor, WrappedLogger

REQUEST_ID: ContextVar[str] = ContextVar("request_id", default="")
HIDDEN = "[hidden]"
# Anything whose key contains one of these …
_SECRET_PARTS = ("password", "passwd", "secret", "token", "authorization", "cookie", "credential", "api_key", "csrf")
# … or has one of these as its last word.
_PERSONAL_WORDS = frozenset({"name", "email", "mail", "phone", "code", "number", "note", "body", "query", "username"})
_HARMLESS = frozenset({"event_code", "status_code", "exit_code", "route_name", "func_name", "line_number"})
# To the end of the line: an address may hold spaces.
_PATH = re.compile(r": /.*")
_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(?i)\b(bearer|basic)\s+[^\s'\",;]+"), rf"\1 {HIDDEN}"),
    (re.compile(r"(?<=://)[^/\s:@]*:[^/\s@]+(?=@)"), HIDDEN),
    (re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]+@[\w-]+(?:\.[\w-]+)+"), HIDDEN),
    (re.compile(r"(?i)\bV[\s-]?\d{8,9}\b"), HIDDEN),
    # Event codes and their sessions.
    (re.compile(r"\b[0-9A-Za-z]{16,60}\.[A-Z2-7]{20}\b"), HIDDEN),
    # The code of a pass.
    (re.compile(r"(?i)\bP[A-Z2-7]{26}\b"), HIDDEN),
    (
        re.compile(
            r"(?i)([\"']?\b\w*(?:password|passwd|secret|token|cookie|api_key|v_number|first_name|last_name|guest_name|phone)"
            r"\b[\"']?\s*[=:]\s*)(\"[^\"]*\"|'[^']*'|[^\s,;&)}\]]+)"
        ),
        rf"\1{HIDDEN}",
    ),
    # PostgreSQL repeats the offending row.
    (re.compile(r"(?i)(DETAIL:|Failing row contains)[^\n]*"), rf"\1 {HIDDEN}"),
)


def clean(text: str) -> str:
    """`text` without what looks like a secret, an address, a V-number, a pass or a row of the database."""
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text


def _is_private(key: str) -> bool:
    key = key.lower().replace("-", "_")
    if key in _HARMLESS:
        return False
    return any(part in key for part in _SECRET_PARTS) or key.rsplit("_", 1)[-1] in _PERSONAL_WORDS


def redact(value: Any, key: str = "") -> Any:
    """`value` as it may be logged under `key`; goes into mappings and lists."""
    if key and value not in (None, "") and _is_private(key):
        return HIDDEN
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, Mapping):
        return {clean(str(name)): redact(item, str(name)) for name, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [redact(item) for item in value]
    return value if isinstance(value, bool | int | float | None) else clean(str(value))


def _redact_event(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    # Keys that structlog itself wrote.
    own = {"level", "timestamp", "logger", "request_id"}
    return {key: value if key in own else redact(value, key) for key, value in event.items()}


def _add_request_id(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    request_id = REQUEST_ID.get()
    if request_id:
        event["request_id"] = request_id
    return event


def _drop_live_objects(logger: WrappedLogger, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Django hangs the request itself on its records; printed, it would show the whole address."""
    # `message` and `asctime` are left on the record by other formatters, before any redaction.
    for key in ("request", "color_message", "message", "asctime"):
        event.pop(key, None)
    if str(event.get("logger", "")).startswith("django."):
        # "Not Found: /c/<code>": an address may carry a code or a name. The request line says the route.
        event["event"] = _PATH.sub("", str(event["event"]))
    return event


_SHARED: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    _add_request_id,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


class Formatter(structlog.stdlib.ProcessorFormatter):
    """Everything through the redaction; the request line, whose fields are known to be harmless, past it."""

    def __init__(self, *, as_json: bool) -> None:
        renderer: Processor = (
            structlog.processors.JSONRenderer()
            if as_json
            else structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
        )
        super().__init__(
            foreign_pre_chain=[*_SHARED, structlog.stdlib.ExtraAdder(), _drop_live_objects],
            processors=[
                self.remove_processors_meta,
                structlog.processors.format_exc_info,
                _redact_event,
                renderer,
            ],
        )
        self.as_json = as_json

    def format(self, record: logging.LogRecord) -> str:
        fields: dict[str, object] | None = getattr(record, "fields", None)
        if fields is None or record.exc_info:
            return super().format(record)
        moment = datetime.fromtimestamp(record.created, UTC)
        if self.as_json:
            line = {"event": record.msg, **fields, "request_id": REQUEST_ID.get(), "level": record.levelname.lower()}
            return json.dumps(line | {"timestamp": moment.isoformat(timespec="milliseconds")})
        return f"{moment:%H:%M:%S} {fields['status']} {fields['method']} {fields['route']} {fields['ms']} ms"


def configure(options: dict[str, Any]) -> None:
    """Set logging up from settings.LOGGING: {"level": "INFO", "format": "json" | "text"}."""
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {"line": {"()": Formatter, "as_json": options["format"] == "json"}},
            "handlers": {"stream": {"class": "logging.StreamHandler", "formatter": "line"}},
            "root": {"handlers": ["stream"], "level": options["level"]},
            "loggers": {
                # The request line says all of this once.
                "django.server": {"handlers": [], "propagate": False},
                "uvicorn": {"level": "WARNING"},
                "uvicorn.access": {"level": "ERROR", "propagate": False},
                # The request line says it too.
                "django.request": {"level": "ERROR"},
                "axes": {"level": "ERROR"},
                "asyncio": {"level": "WARNING"},
            },
        }
    )
    structlog.configure(
        processors=[
            *_SHARED,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.processors.StackInfoRenderer(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
