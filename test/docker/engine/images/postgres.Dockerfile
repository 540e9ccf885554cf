# Stand-in for postgres:<major>: Debian's package with the official user, paths and settings.
FROM debian:trixie-slim
ARG MAJOR
RUN set -eu; \
    groupadd --system --gid 999 postgres; \
    useradd --system --gid postgres --uid 999 --home-dir /var/lib/postgresql --shell /bin/bash postgres; \
    install --directory --owner postgres --group postgres --mode 1777 /var/lib/postgresql; \
    apt-get update; \
    apt-get install -y --no-install-recommends ca-certificates libnss-wrapper locales postgresql-common tzdata xz-utils zstd; \
    localedef --inputfile en_US --force --charmap UTF-8 --alias-file /usr/share/locale/locale.alias en_US.UTF-8; \
    sed -ri 's/#(create_main_cluster) .*$/\1 = false/' /etc/postgresql-common/createcluster.conf; \
    apt-get install -y --no-install-recommends "postgresql-$MAJOR"; \
    rm -rf /var/lib/apt/lists/*; \
    sed -ri "s/^#?(listen_addresses)\s*=.*/\1 = '*'/" "/usr/share/postgresql/$MAJOR/postgresql.conf.sample"; \
    mkdir /docker-entrypoint-initdb.d; \
    install --directory --owner postgres --group postgres --mode 3777 /var/run/postgresql; \
    install --directory --owner postgres --group postgres --mode 1777 /var/lib/postgresql/data
ENV LANG=en_US.utf8 PG_MAJOR=${MAJOR} PATH=$PATH:/usr/lib/postgresql/${MAJOR}/bin PGDATA=/var/lib/postgresql/data
COPY --chmod=755 postgres-entrypoint.sh /usr/local/bin/docker-entrypoint.sh
VOLUME /var/lib/postgresql/data
ENTRYPOINT ["docker-entrypoint.sh"]
STOPSIGNAL SIGINT
EXPOSE 5432
CMD ["postgres"]
