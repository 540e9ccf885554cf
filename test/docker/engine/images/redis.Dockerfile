# Stand-in for redis:<major>: Debian's package with the official user, folder and settings.
FROM debian:trixie-slim
RUN set -eu; \
    groupadd --system --gid 999 redis; \
    useradd --system --gid redis --uid 999 redis; \
    apt-get update; \
    apt-get install -y --no-install-recommends redis-server tzdata; \
    rm -rf /var/lib/apt/lists/*; \
    mkdir -p /data; \
    chown redis:redis /data
COPY --chmod=755 redis-entrypoint.sh /usr/local/bin/docker-entrypoint.sh
VOLUME /data
WORKDIR /data
ENTRYPOINT ["docker-entrypoint.sh"]
EXPOSE 6379
CMD ["redis-server"]
