# Stand-in for python:3.X-slim-<suite>; the context holds a Python ready for /usr/local.
ARG BASE

FROM ${BASE} AS python
ENV PATH=/usr/local/bin:$PATH
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
    ca-certificates libbz2-1.0 libexpat1 libffi8 liblzma5 libncursesw6 libnsl2 \
    libreadline8 libsqlite3-0 libssl3 libuuid1 netbase tzdata zlib1g \
    && rm -rf /var/lib/apt/lists/*
ARG PYTHON_VERSION
ENV PYTHON_VERSION=${PYTHON_VERSION}
COPY usr/local/ /usr/local/
# pip comes out of ensurepip's own wheel: nothing of the machine's site-packages may get in.
RUN set -eu; \
    export PYTHONDONTWRITEBYTECODE=1; \
    ldconfig; \
    python3 -m ensurepip --default-pip; \
    for extra in setuptools wheel; do pip uninstall --yes "$extra" || true; done; \
    for tool in idle pydoc python python-config; do \
    [ -e "/usr/local/bin/$tool" ] || ln -s "${tool%%-*}3${tool#"${tool%%-*}"}" "/usr/local/bin/$tool"; \
    done; \
    find /usr/local -depth -type d -name __pycache__ -exec rm -rf {} +; \
    rm -rf /root/.cache; \
    python -c 'import ssl, sqlite3, lzma, bz2, ctypes, readline, zlib, hashlib, uuid, curses, sys; \
    assert sys.prefix == "/usr/local", sys.prefix; \
    assert sys.version.startswith("'"$PYTHON_VERSION"'"), sys.version'; \
    pip --version
CMD ["python3"]

FROM python AS python-with-locale
ENV LANG=C.UTF-8
