# PgBouncer, and the double of Supavisor that uses it for its transaction mode.
FROM python:3.13-slim-trixie
RUN apt-get update \
    && apt-get install -y --no-install-recommends pgbouncer \
    && rm -rf /var/lib/apt/lists/*
COPY supavisor.py /usr/local/bin/
USER postgres
ENV PYTHONUNBUFFERED=1
CMD ["python3", "/usr/local/bin/supavisor.py"]
