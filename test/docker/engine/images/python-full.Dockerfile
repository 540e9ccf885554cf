# Stand-in for python:3.X, which has compilers and headers as buildpack-deps does.
ARG BASE
FROM ${BASE}
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
    curl default-libmysqlclient-dev file g++ gcc git gnupg libbz2-dev libc6-dev libffi-dev libjpeg-dev libpng-dev \
    libpq-dev libreadline-dev libsqlite3-dev libssl-dev libwebp-dev libxml2-dev libxslt1-dev make patch pkg-config \
    unzip wget xz-utils zlib1g-dev \
    && rm -rf /var/lib/apt/lists/*
