# syntax=docker/dockerfile:1

# Python 3.13.15 on Debian 13, for several architectures. .github/dependabot.yml renews the digest; docs/verify.md says where it is from.
FROM python:3.13-slim@sha256:8d9d0b8bcf6506481eae4907c18f5e3e7902e629f5f6d684f9e7c32e85e3ddf0 AS base

FROM base AS build
WORKDIR /build
RUN python -m venv /opt/shotcaller
COPY requirements.lock ./
# A lock is complete: nothing is resolved.
RUN /opt/shotcaller/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps --require-hashes -r requirements.lock \
    && /opt/shotcaller/bin/pip check
COPY bot /opt/shotcaller/lib/python3.13/site-packages/bot
COPY cogs /opt/shotcaller/lib/python3.13/site-packages/cogs
RUN /opt/shotcaller/bin/python -m compileall -q /opt/shotcaller/lib/python3.13/site-packages/bot \
    && /opt/shotcaller/bin/python -m bot --version

FROM base AS bot
LABEL org.opencontainers.image.title="Shotcaller" org.opencontainers.image.licenses="MIT"
RUN useradd --system --uid 10001 --create-home shotcaller && install -d -m 700 -o shotcaller /data /backups
COPY --from=build /opt/shotcaller /opt/shotcaller
COPY LICENSE NOTICE /opt/shotcaller/
ENV PATH=/opt/shotcaller/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    DATABASE_URL=sqlite:////data/shotcaller.db \
    DATA_DIR=/data \
    HEALTH_PORT=8080 \
    CALLBACK_HOST=0.0.0.0 \
    LOG_FORMAT=json
USER 10001
WORKDIR /data
VOLUME /data
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=40s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/healthz', timeout=4)"]
ENTRYPOINT ["python", "-m", "bot"]
CMD ["run"]

# For backups of PostgreSQL: its client programs have to be as new as the server.
FROM bot AS backup
USER 0
# The newest of that version.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends postgresql-client-17 \
    && rm -rf /var/lib/apt/lists/*
USER 10001

FROM bot
