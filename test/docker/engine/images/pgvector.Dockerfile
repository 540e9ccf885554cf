# Stand-in for pgvector/pgvector:pg<major>: the PostgreSQL image with Debian's package of the extension.
ARG MAJOR
FROM postgres:${MAJOR}
RUN apt-get update \
    && apt-get install -y --no-install-recommends "postgresql-$PG_MAJOR-pgvector" \
    && rm -rf /var/lib/apt/lists/*
