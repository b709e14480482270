# One image for both processes:
#   HTTP        gunicorn, one request per process, cut off by its time limit when a database hangs (the default command)
#   WebSockets  uvicorn checkin_project.asgi:application (see compose.yaml)
# One container for everything, without a proxy: python manage.py serve
FROM python:3.11-slim-trixie AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /venv
COPY requirements.txt .
RUN /venv/bin/pip install --require-hashes -r requirements.txt

# Named by its Debian: pg_dump has to be of the database's version or newer, and trixie has 17.
FROM python:3.11-slim-trixie
RUN apt-get update && apt-get install --yes --no-install-recommends postgresql-client && rm -rf /var/lib/apt/lists/*
ENV PATH=/venv/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 \
    ENVIRONMENT=production HOST=0.0.0.0 PORT=8000 VAR_DIR=/var/lib/checkin
RUN useradd --system --uid 10001 --home-dir /var/lib/checkin --create-home checkin
COPY --from=build /venv /venv
WORKDIR /app
COPY . .
# Collecting needs settings, but none of these values stays in the image.
RUN SECRET_KEY=only-while-building-000000000000000000000000000000000000 \
    QR_SIGNING_KEYS=only-while-building-000000000000000000000000000000000000 SITE_URL=https://build.invalid \
    python manage.py collectstatic --noinput --verbosity 0
USER checkin
VOLUME /var/lib/checkin
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s CMD \
    ["python", "-c", "import os, urllib.request; urllib.request.urlopen(f'http://127.0.0.1:{os.environ[\"PORT\"]}/healthz', timeout=2)"]
CMD ["sh", "-c", "exec gunicorn checkin_project.wsgi:application --bind $HOST:$PORT --workers ${WEB_CONCURRENCY:-4} --worker-class sync --timeout 10 --graceful-timeout 10 --max-requests 20000 --max-requests-jitter 2000 --worker-tmp-dir /dev/shm"]
