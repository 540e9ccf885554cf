# The clients that Django projects connect with.
FROM python:3.12-slim-trixie
RUN pip install --no-cache-dir --disable-pip-version-check --root-user-action=ignore \
    'Django==5.2.*' 'psycopg[binary]==3.*' 'psycopg2-binary==2.9.*' 'dj-database-url==3.*'
