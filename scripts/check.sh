#!/bin/bash
# Exactly what CI runs; `make check` calls it. REQUIRE_ALL=1: a missing server, browser or program is a failure.
set -euo pipefail
cd "$(dirname "$0")/.."

bin=.venv/bin
pytest=("$bin/pytest" -q -p no:cacheprovider -n auto --dist loadfile)
postgres=${DATABASE_URL:-postgresql://postgres@127.0.0.1:5432/check_$$}
redis=${REDIS_URL:-redis://127.0.0.1:6379/15}
unset DATABASE_URL REDIS_URL ENVIRONMENT
export VAR_DIR=${VAR_DIR:-var/check} PYTHONWARNINGS=default

step() { printf '\n== %s\n' "$*"; }

answers() {
  "$bin/python" - "$postgres" "$redis" <<'PY'
import sys
from urllib.parse import urlsplit

import psycopg
import redis

database = urlsplit(sys.argv[1])._replace(scheme="postgresql", path="/postgres").geturl()
try:
    psycopg.connect(database, connect_timeout=3).close()
    redis.Redis.from_url(sys.argv[2], socket_connect_timeout=3).ping()
except (psycopg.Error, redis.RedisError) as error:
    sys.exit(f"{type(error).__name__}: {error}")
PY
}

step "Style"
"$bin/ruff" check .
"$bin/ruff" format --check .
"$bin/djlint" templates --lint --quiet

step "Types"
"$bin/mypy"

step "Layers"
"$bin/lint-imports"

step "Pinned packages and vendored files"
"$bin/python" scripts/requirements.py --check
"$bin/python" scripts/vendor.py --check

step "Migrations say what the models say"
"$bin/python" manage.py makemigrations --check --dry-run

step "Production settings, with the environment that docs/operations.md describes"
production=(
  ENVIRONMENT=production
  SECRET_KEY="$("$bin/python" -c 'import secrets; print(secrets.token_urlsafe(64))')"
  QR_SIGNING_KEYS="$("$bin/python" -c 'import secrets; print(secrets.token_urlsafe(64))')"
  SITE_URL=https://check.example.org
  DATABASE_URL=postgresql://checkin:secret@db.example.org:5432/checkin
  REDIS_URL=redis://redis.example.org:6379/0
  TRUSTED_PROXIES=1
)
env "${production[@]}" "$bin/python" manage.py check --deploy --fail-level WARNING
env "${production[@]}" "$bin/python" manage.py collectstatic --noinput --verbosity 0

if reason=$(answers 2>&1); then both=yes; else both=; fi
if [ -z "$both" ] && [ "${REQUIRE_ALL:-}" = 1 ]; then
  echo "PostgreSQL or Redis does not answer, and REQUIRE_ALL=1 allows no skip: $reason" >&2
  exit 1
fi

if [ -n "$both" ]; then
  step "Tests on SQLite"
  "${pytest[@]}" -m "not postgres and not redis and not crash"
  step "Tests on PostgreSQL and Redis"
  # Browsers have a server of their own, on the embedded default: their journeys are the same ones here. So are copies to a
  # storage, which does not know the database.
  DATABASE_URL=$postgres REDIS_URL=$redis "${pytest[@]}" -m "not browser and not s3"
else
  step "Tests on SQLite; PostgreSQL or Redis does not answer ($reason)"
  "${pytest[@]}"
fi
