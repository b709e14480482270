"""Every setting of the product. All environment variables are read here and nowhere else.

`.env.local` and `.env` beside manage.py are read too; a variable of the process wins over both.
`.env.example` lists every variable with its meaning.
"""

import contextlib
import os
import secrets
import socket
import sys
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent

env = environ.Env()
if "pytest" not in sys.modules:
    # Tests must not depend on a developer's own files.
    for name in (".env.local", ".env"):
        if (BASE_DIR / name).is_file():
            environ.Env.read_env(BASE_DIR / name)


def _choice(name: str, default: str, allowed: tuple[str, ...]) -> str:
    """The variable's value, or one clear sentence when it is none of `allowed`."""
    value = str(env.str(name, default=default)).lower()
    if value not in allowed:
        raise ImproperlyConfigured(f"{name} is {value!r}, but must be one of: {', '.join(allowed)}.")
    return value


def _whole_number(name: str, default: int, *, low: int, high: int) -> int:
    text = str(env.str(name, default=str(default))).strip()
    if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
        raise ImproperlyConfigured(f"{name} is {text!r}, but must be a whole number from {low} to {high}.")
    return int(text)


def _yes_no(name: str, default: bool) -> bool:
    return _choice(name, "true" if default else "false", ("true", "false", "yes", "no", "1", "0", "on", "off")) in (
        "true",
        "yes",
        "1",
        "on",
    )


# --- Where it runs -----------------------------------------------------------------------------
# local: one machine, secrets made on first start. production: nothing is guessed.
ENVIRONMENT = _choice("ENVIRONMENT", "local", ("local", "production"))
PRODUCTION = ENVIRONMENT == "production"
DEBUG = _yes_no("DEBUG", default=False)
VAR_DIR = Path(str(env.str("VAR_DIR", default=str(BASE_DIR / "var"))))

HOST = str(env.str("HOST", default="127.0.0.1"))
PORT = _whole_number("PORT", 8000, low=1, high=65535)
THREADS = _whole_number("THREADS", 8, low=1, high=64)


def _own_addresses() -> list[str]:
    """Names and addresses under which other machines of the local network find this one."""
    found = [socket.gethostname()]
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        # Nothing is sent: this only asks which of our addresses leads out.
        probe.connect(("192.0.2.1", 9))
        found.insert(0, str(probe.getsockname()[0]))
    return found


# A tablet in the same network must be able to open a server that listens everywhere.
LOCAL_ADDRESSES = [] if PRODUCTION or HOST not in ("0.0.0.0", "::") else _own_addresses()  # noqa: S104  only compared


def _local_host() -> str:
    return LOCAL_ADDRESSES[0] if LOCAL_ADDRESSES else "localhost"


# Seconds until a request that hangs is answered 503; some of the admin's pages may take longer.
HTTP_DEADLINE_SECONDS = _whole_number("HTTP_DEADLINE_SECONDS", 5, low=1, high=300)
# A long file on a slow line takes minutes to arrive; who may not send one is turned away before it is read.
_IMPORT_PAGES = ("platform/importrun", "members/member", "events/event", "events/group", "attendance/attendance")
HTTP_DEADLINE_SLOW = {f"/admin/{page}/import/": 300.0 for page in _IMPORT_PAGES} | {"/admin/": 60.0}
# How many requests may wait for a thread; the doors of an event are the last to be turned away.
HTTP_IN_FLIGHT = THREADS * 20
HTTP_IN_FLIGHT_DOORS = THREADS * 32
HTTP_DOORS = ("/kiosk/", "/scan/", "/c/", "/pass/", "/api/check-ins", "/api/scans")
HTTP_CONNECTIONS = _whole_number("HTTP_CONNECTIONS", 1000, low=10, high=100_000)
SITE_URL = str(env.str("SITE_URL", default="" if PRODUCTION else f"http://{_local_host()}:{PORT}")).rstrip("/")
if not SITE_URL.startswith(("http://", "https://")):
    raise ImproperlyConfigured(
        f"SITE_URL is {SITE_URL!r}, but must be the address people open, such as https://check.example.org."
    )
SITE_NAME = str(env.str("SITE_NAME", default="Check-in"))


def _kept_secret(file_name: str) -> str:
    """A secret of the embedded default: made once and kept in VAR_DIR, readable by its owner only."""
    path = VAR_DIR / file_name
    if not path.exists():
        VAR_DIR.mkdir(parents=True, exist_ok=True)
        draft = VAR_DIR / f"{file_name}.{os.getpid()}"
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_urlsafe(64))
        # Of two processes that start together, both use the key of the first; neither reads half a file.
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
        draft.unlink()
    return path.read_text().strip()


def _secret_key() -> str:
    """From the environment; on the embedded default a kept secret."""
    given = str(env.str("SECRET_KEY", default=""))
    if given:
        if PRODUCTION and len(given) < 50:
            raise ImproperlyConfigured("SECRET_KEY is too short: use at least 50 random characters.")
        return given
    if PRODUCTION:
        raise ImproperlyConfigured("SECRET_KEY is not set. In production it has no default.")
    return _kept_secret("secret-key")


def _qr_signing_keys() -> list[str]:
    """The keys of event codes: the first one signs, every one verifies. On the embedded default a kept secret."""
    given = [key.strip() for key in str(env.str("QR_SIGNING_KEYS", default="")).split(",") if key.strip()]
    if PRODUCTION and not given:
        raise ImproperlyConfigured("QR_SIGNING_KEYS is not set. In production it has no default.")
    if PRODUCTION and min(map(len, given)) < 50:
        raise ImproperlyConfigured("A key in QR_SIGNING_KEYS is too short: use at least 50 random characters for each.")
    return given or [_kept_secret("qr-signing-key")]


SECRET_KEY = _secret_key()
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
QR_SIGNING_KEYS = _qr_signing_keys()
_site_host = SITE_URL.split("://", 1)[1].split("/", 1)[0].rsplit(":", 1)[0]
ALLOWED_HOSTS = env.list(
    "ALLOWED_HOSTS",
    default=[_site_host] if PRODUCTION else ["localhost", "127.0.0.1", "[::1]", _site_host, HOST, *LOCAL_ADDRESSES],
)
CSRF_TRUSTED_ORIGINS = [SITE_URL]
TRUSTED_PROXIES = _whole_number("TRUSTED_PROXIES", 0, low=0, high=5)

# --- What it is made of ------------------------------------------------------------------------
INSTALLED_APPS = [
    "checkin_project.platform.apps.PlatformConfig",
    "members.apps.MembersConfig",
    "events.apps.EventsConfig",
    "attendance.apps.AttendanceConfig",
    "checkin_project.platform.apps.SiteAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "channels",
    "ninja",
    "simple_history",
    "import_export",
    "axes",
    "csp",
    "django_tasks",
    "checkin_project.platform.apps.TasksConfig",
]
AUTH_USER_MODEL = "platform.User"

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "checkin_project.platform.requests.RequestMiddleware",
    # Styles, scripts and pages at a quarter of their size; files that whitenoise has compressed before pass through.
    "django.middleware.gzip.GZipMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "checkin_project.platform.assets.PagePolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",
    "axes.middleware.AxesMiddleware",
]
# The JSON API passes by what only pages need (platform/apihandler.py).
API_MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "checkin_project.platform.requests.RequestMiddleware",
    "django.middleware.common.CommonMiddleware",
]
ROOT_URLCONF = "checkin_project.urls"
WSGI_APPLICATION = "checkin_project.wsgi.application"
ASGI_APPLICATION = "checkin_project.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "checkin_project.platform.pages.site",
            ],
        },
    },
]

# --- Background work -----------------------------------------------------------------------------
# `manage.py serve` does it beside its requests unless this is off; `manage.py work` does nothing else.
WORKER = _yes_no("WORKER", default=True)
# Threads of a worker, which may need the database at the same time: tasks, jobs by the clock, signs of life.
WORKER_THREADS = 3
TASKS = {
    "default": {
        # Most tests have work done at once and see its result; `tasks_wait` in conftest.py puts it into the database.
        "BACKEND": "django_tasks.backends.immediate.ImmediateBackend"
        if "pytest" in sys.modules
        else "django_tasks_db.DatabaseBackend",
    },
}
SCHEDULE = "checkin_project.tasks.JOBS"  # by name: the ground floor imports nothing above it


# --- Database ----------------------------------------------------------------------------------
def _database() -> dict[str, Any]:
    """DATABASE_URL as Django wants it: SQLite made durable, PostgreSQL with a health-checked pool."""
    url = str(env.str("DATABASE_URL", default="")) or f"sqlite:///{VAR_DIR / 'checkin.sqlite3'}"
    scheme, separator, rest = url.partition("://")
    scheme = scheme.split("+", 1)[0]  # also spelt postgresql+psycopg://
    if not separator or scheme not in ("postgres", "postgresql", "sqlite"):
        raise ImproperlyConfigured(
            "DATABASE_URL must look like postgresql://user:password@host:5432/name or sqlite:///path/to/file."
        )
    try:
        config: dict[str, Any] = dict(environ.Env.db_url_config(f"{scheme}://{rest}"))
        int(config.get("PORT") or 0)
    except (ValueError, ImproperlyConfigured) as error:
        raise ImproperlyConfigured(f"DATABASE_URL cannot be read: {error}") from None
    options: dict[str, Any] = dict(config.get("OPTIONS") or {})
    if scheme == "sqlite":
        # Without IMMEDIATE most concurrent writes fail with "database is locked"; FULL keeps what was acknowledged.
        options |= {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;",
        }
        if config["NAME"] != ":memory:":
            Path(str(config["NAME"])).parent.mkdir(parents=True, exist_ok=True)
        # Opening the file for each request would take as long as a check-in does.
        return config | {"OPTIONS": options, "CONN_MAX_AGE": None}
    if not config.get("NAME"):
        raise ImproperlyConfigured("DATABASE_URL names no database: add /name at its end.")
    pooler = _yes_no("DATABASE_TRANSACTION_POOLER", default=False)
    options |= {
        "connect_timeout": 3,
        "application_name": "checkin",
        # Nothing here runs so long that it would pay to have it compiled first.
        "options": "-c statement_timeout=15000 -c lock_timeout=5000 -c idle_in_transaction_session_timeout=30000 "
        "-c jit=off",
        "pool": {
            "min_size": 1,
            "max_size": _whole_number("DATABASE_POOL", THREADS + 2 + WORKER_THREADS, low=1, high=200),
            "timeout": 3,
            "max_idle": 300,
            # Seconds of trying again with growing pauses; whoever asks next starts anew, so nobody waits longer.
            "reconnect_timeout": 2,
        },
        # Prepared statements and a transaction pooler exclude each other.
        "server_side_binding": not pooler,
        "prepare_threshold": None if pooler else 2,
    }
    # Our own backend tests each connection before lending it: none is stale after a database restart.
    config["ENGINE"] = "checkin_project.platform.postgresql"
    return config | {"OPTIONS": options, "DISABLE_SERVER_SIDE_CURSORS": pooler}


DATABASES = {"default": _database()}
SQLITE = "sqlite" in DATABASES["default"]["ENGINE"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Redis: cache and live messages; without it both live in this process --------------------------
REDIS_URL = str(env.str("REDIS_URL", default=""))
if REDIS_URL and not REDIS_URL.startswith(("redis://", "rediss://", "unix://")):
    raise ImproperlyConfigured("REDIS_URL must look like redis://host:6379/0.")
CACHES: dict[str, dict[str, Any]] = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
if REDIS_URL:
    CACHES["default"] = {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "checkin",
        "OPTIONS": {"socket_timeout": 1, "socket_connect_timeout": 1},
    }

# --- Live screens --------------------------------------------------------------------------------
# Begins the names of channels and keys in Redis, which may serve others, too.
LIVE_PREFIX = "checkin-live"
# Screens that one process serves, in all and to one address (a whole campus may share one).
LIVE_SOCKETS = _whole_number("LIVE_SOCKETS", 800, low=1, high=100_000)
LIVE_SOCKETS_PER_ADDRESS = _whole_number("LIVE_SOCKETS_PER_ADDRESS", 250, low=1, high=100_000)

# --- Time and language ---------------------------------------------------------------------------
TIME_ZONE = str(env.str("TIME_ZONE", default="UTC"))  # the organisation's zone
try:
    ZoneInfo(TIME_ZONE)
except (ZoneInfoNotFoundError, ValueError, OSError):
    raise ImproperlyConfigured(
        f"TIME_ZONE is {TIME_ZONE!r}, which is no time zone. Example: America/New_York."
    ) from None
USE_TZ = True
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English")]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True

# --- Signing in ------------------------------------------------------------------------------------
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "home"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "checkin_project.platform.signin.RoleBackend",
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
AXES_FAILURE_LIMIT = 8
AXES_COOLOFF_TIME = 0.25  # hours
# Name and address together: a campus behind one address is never locked out as a whole.
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_CLIENT_IP_CALLABLE = "checkin_project.platform.requests.client_address"
AXES_LOCKOUT_TEMPLATE = "errors/locked_out.html"
AXES_VERBOSE = False
AXES_ENABLE_ADMIN = False  # its pages know nothing of our roles
# Database sessions: losing Redis signs nobody out.
SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_AGE = 14 * 24 * 3600
MESSAGE_STORAGE = "django.contrib.messages.storage.cookie.CookieStorage"

# --- Security headers ------------------------------------------------------------------------------
SECURE_COOKIES = SITE_URL.startswith("https://")
_cookie_prefix = "__Host-" if SECURE_COOKIES else ""
SESSION_COOKIE_NAME = f"{_cookie_prefix}session"
CSRF_COOKIE_NAME = f"{_cookie_prefix}csrf"
DEVICE_COOKIE_NAME = f"{_cookie_prefix}device"
REMEMBER_COOKIE_NAME = f"{_cookie_prefix}me"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_COOKIES
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "checkin_project.platform.pages.csrf_failure"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
if PRODUCTION:
    SECURE_SSL_REDIRECT = _yes_no("SECURE_SSL_REDIRECT", default=True)
    SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
    SECURE_HSTS_SECONDS = _whole_number("SECURE_HSTS_SECONDS", 31_536_000, low=0, high=63_072_000)
    SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = True
    if TRUSTED_PROXIES:
        SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        # The camera's barcode reader is WebAssembly; nothing else may be compiled at run time.
        "script-src": [SELF, "'wasm-unsafe-eval'"],
        "style-src": [SELF],
        "img-src": [SELF, "data:", "blob:"],
        "media-src": [SELF, "blob:"],
        "connect-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    },
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_621_440
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000
FILE_UPLOAD_HANDLERS = [
    "checkin_project.platform.uploads.CappedUploadHandler",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",  # up to 2.5 MB
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]

# --- Static files ------------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
if not PRODUCTION:
    STATIC_ROOT.mkdir(exist_ok=True)  # whitenoise warns when it is missing; locally files come from the finders
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = not PRODUCTION
WHITENOISE_AUTOREFRESH = DEBUG
WHITENOISE_MIMETYPES = {".wav": "audio/wav"}

# --- Where exports and backups are kept ----------------------------------------------------------------
S3_BUCKET = str(env.str("AWS_STORAGE_BUCKET_NAME", default="")).strip()


def _s3_options() -> dict[str, Any]:
    """What is the same for every prefix of the bucket."""
    endpoint = str(env.str("AWS_S3_ENDPOINT_URL", default="")).strip()
    if endpoint and not endpoint.startswith(("http://", "https://")):
        raise ImproperlyConfigured(
            f"AWS_S3_ENDPOINT_URL is {endpoint!r}, but must be an address such as https://s3.example.org."
        )
    key, secret = str(env.str("AWS_ACCESS_KEY_ID", default="")), str(env.str("AWS_SECRET_ACCESS_KEY", default=""))
    if bool(key) != bool(secret):
        raise ImproperlyConfigured("Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY both, or neither of them.")
    return {
        "bucket_name": S3_BUCKET,
        "endpoint_url": endpoint or None,
        "region_name": str(env.str("AWS_S3_REGION_NAME", default="")) or None,
        "addressing_style": _choice("AWS_S3_ADDRESSING_STYLE", "auto", ("auto", "path", "virtual")),
        "access_key": key or None,
        "secret_key": secret or None,
    }


def _folder_or_bucket(folder: str, prefix: str) -> dict[str, Any]:
    """Below `prefix` in the bucket when one is set, else in a folder of VAR_DIR that only its owner reads."""
    if S3_BUCKET:
        # Named, not imported: boto3 takes 30 MB of memory, and most sites have no bucket.
        backend = "checkin_project.platform.buckets.Bucket"
        return {"BACKEND": backend, "OPTIONS": _s3_options() | {"location": prefix.strip("/ ")}}
    return {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {
            "location": VAR_DIR / folder,
            "file_permissions_mode": 0o600,
            "directory_permissions_mode": 0o700,
        },
    }


STORAGES: dict[str, dict[str, Any]] = {
    # Uploads, which a worker on another machine has to find, too.
    "default": _folder_or_bucket("files", str(env.str("AWS_FILES_PREFIX", default="files"))),
    "staticfiles": {
        "BACKEND": "checkin_project.platform.staticstorage.ContentNamedStorage"
        if PRODUCTION
        else "django.contrib.staticfiles.storage.StaticFilesStorage",
    },
    "exports": _folder_or_bucket("exports", str(env.str("AWS_EXPORTS_PREFIX", default="exports"))),
    "backups": _folder_or_bucket("backups", str(env.str("AWS_BACKUPS_PREFIX", default="backups"))),
}
EXPORTS_KEEP_DAYS = _whole_number("EXPORTS_KEEP_DAYS", 30, low=1, high=3650)
# What is stored by itself: the attendance of each event that closes, and these exports every night.
EXPORT_ON_CLOSE = _yes_no("EXPORT_ON_CLOSE", default=False)
EXPORT_DAILY = [name.strip() for name in str(env.str("EXPORT_DAILY", default="")).split(",") if name.strip()]
EXPORT_FORMAT = _choice("EXPORT_FORMAT", "csv", ("csv", "xlsx", "json"))

# --- Backups -----------------------------------------------------------------------------------------------
# age1…: what backups are encrypted for. The private keys are never on this machine.
BACKUP_PUBLIC_KEYS = [key.strip() for key in str(env.str("BACKUP_PUBLIC_KEYS", default="")).split(",") if key.strip()]
if not all(key.startswith("age1") for key in BACKUP_PUBLIC_KEYS):
    raise ImproperlyConfigured("BACKUP_PUBLIC_KEYS must be keys that begin with age1: `manage.py backup_key FILE`.")
BACKUP_KEEP_LATEST = _whole_number("BACKUP_KEEP_LATEST", 24, low=1, high=10_000)
BACKUP_KEEP_DAYS = _whole_number("BACKUP_KEEP_DAYS", 14, low=0, high=3650)
BACKUP_KEEP_WEEKS = _whole_number("BACKUP_KEEP_WEEKS", 8, low=0, high=520)

# --- Watching it --------------------------------------------------------------------------------------
LOG_LEVEL = _choice("LOG_LEVEL", "info", ("debug", "info", "warning", "error")).upper()
LOG_FORMAT = _choice("LOG_FORMAT", "json" if PRODUCTION else "text", ("json", "text"))
METRICS_TOKEN = str(env.str("METRICS_TOKEN", default=""))
LOGGING_CONFIG = "checkin_project.platform.logs.configure"
LOGGING = {"level": LOG_LEVEL, "format": LOG_FORMAT}

# --- The product -----------------------------------------------------------------------------------------
DEMO = _yes_no("DEMO", default=False)  # shows /styleguide/; `make run` turns it on
DEMO_PASSWORD = str(env.str("DEMO_PASSWORD", default=""))
# What one imported file may hold at most, and whether workbooks are read beside CSV.
IMPORT_MAX_MB = _whole_number("IMPORT_MAX_MB", 50, low=1, high=1000)
IMPORT_MAX_ROWS = _whole_number("IMPORT_MAX_ROWS", 200_000, low=1, high=5_000_000)
IMPORT_XLSX = _yes_no("IMPORT_XLSX", default=False)
# Days for which an import's file, rows and old values are kept, and for which it can be undone.
IMPORT_KEEP_DAYS = _whole_number("IMPORT_KEEP_DAYS", 30, low=1, high=3650)
# Where the data browser reads: live rows, or a view of PostgreSQL's that is refreshed when writing has come to rest.
DATABROWSER = _choice("DATABROWSER", "live", ("live", "materialized"))
if DATABROWSER == "materialized" and SQLITE:
    raise ImproperlyConfigured(
        "DATABROWSER is 'materialized', which only PostgreSQL can do. Use live, or set DATABASE_URL to PostgreSQL."
    )
# Seconds a count may be reused; people never see one older than this.
COUNTS_MAX_AGE = _whole_number("COUNTS_MAX_AGE_MS", 250, low=0, high=5000) / 1000
