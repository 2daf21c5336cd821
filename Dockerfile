# syntax=docker/dockerfile:1

FROM python:3.13-slim AS build
WORKDIR /build
RUN python -m venv /opt/shotcaller
COPY requirements.lock ./
RUN /opt/shotcaller/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements.lock
# The build tool comes pinned and hashed too, into a place that does not reach the final image.
COPY requirements-dev.lock ./
RUN python -m venv /tmp/tool \
    && grep -A 200 '^setuptools==' requirements-dev.lock | awk 'NR > 1 && /^[a-zA-Z]/ {exit} {print}' > /tmp/tool.lock \
    && /tmp/tool/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r /tmp/tool.lock
COPY pyproject.toml README.md LICENSE NOTICE ./
COPY bot ./bot
COPY cogs ./cogs
RUN /tmp/tool/bin/pip wheel --no-cache-dir --no-deps --no-build-isolation --wheel-dir /tmp/wheel . \
    && /opt/shotcaller/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps /tmp/wheel/*.whl

FROM python:3.13-slim
LABEL org.opencontainers.image.title="Shotcaller" org.opencontainers.image.licenses="MIT"
RUN useradd --system --uid 10001 --create-home shotcaller && install -d -o shotcaller /data
COPY --from=build /opt/shotcaller /opt/shotcaller
COPY LICENSE NOTICE /opt/shotcaller/
ENV PATH=/opt/shotcaller/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    DATABASE_URL=sqlite:////data/shotcaller.db \
    DATA_DIR=/data \
    HEALTH_PORT=8080 \
    LOG_FORMAT=json
USER shotcaller
WORKDIR /data
VOLUME /data
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=40s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/healthz', timeout=4)"]
CMD ["shotcaller", "run"]
