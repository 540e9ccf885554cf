# Stand-in for postgres:<major>: Debian's package with the official user, paths and settings.
FROM debian:trixie-slim
ARG MAJOR
# The Debian release that has this major, and the official image's places: they changed with 18.
ARG SUITE=trixie
ARG DATA=/var/lib/postgresql/data
ARG MOUNT=/var/lib/postgresql/data
RUN set -eu; \
    groupadd --system --gid 999 postgres; \
    useradd --system --gid postgres --uid 999 --home-dir /var/lib/postgresql --shell /bin/bash postgres; \
    install --directory --owner postgres --group postgres --mode 1777 /var/lib/postgresql; \
    # A mirror that lags behind is good enough, as for the engine itself; the signature is checked.
    [ "$SUITE" = trixie ] || sed "1,/^\$/!d; s/^Suites:.*/Suites: $SUITE\nCheck-Valid-Until: no/" \
    /etc/apt/sources.list.d/debian.sources >/etc/apt/sources.list.d/newer.sources; \
    apt-get update; \
    apt-get install -y --no-install-recommends ca-certificates libnss-wrapper locales postgresql-common tzdata xz-utils zstd; \
    localedef --inputfile en_US --force --charmap UTF-8 en_US.UTF-8; \
    sed -ri 's/#(create_main_cluster) .*$/\1 = false/' /etc/postgresql-common/createcluster.conf; \
    apt-get install -y --no-install-recommends "postgresql-$MAJOR"; \
    rm -rf /var/lib/apt/lists/*; \
    sed -ri "s/^#?(listen_addresses)\s*=.*/\1 = '*'/" "/usr/share/postgresql/$MAJOR/postgresql.conf.sample"; \
    mkdir /docker-entrypoint-initdb.d; \
    install --directory --owner postgres --group postgres --mode 3777 /var/run/postgresql; \
    [ "$DATA" != "$MOUNT" ] || install --directory --owner postgres --group postgres --mode 1777 "$DATA"
ENV LANG=en_US.utf8 PG_MAJOR=${MAJOR} PATH=$PATH:/usr/lib/postgresql/${MAJOR}/bin PGDATA=${DATA}
COPY --chmod=755 postgres-entrypoint.sh /usr/local/bin/docker-entrypoint.sh
VOLUME ${MOUNT}
ENTRYPOINT ["docker-entrypoint.sh"]
STOPSIGNAL SIGINT
EXPOSE 5432
CMD ["postgres"]
