# Stand-in for mariadb:11.8: Debian's packages with the official user, paths and settings.
FROM debian:trixie-slim
# The program that loads the time zones is in mariadb-client, which would bring Perl along.
RUN set -eu; \
    groupadd --system --gid 999 mysql; \
    useradd --system --gid mysql --uid 999 --home-dir /var/lib/mysql --no-create-home mysql; \
    apt-get update; \
    apt-get install -y --no-install-recommends ca-certificates mariadb-client-core mariadb-server-core tzdata; \
    cd /tmp; \
    apt-get -o APT::Sandbox::User=root download mariadb-client; \
    dpkg-deb --extract mariadb-client_*.deb /tmp/client; \
    install /tmp/client/usr/bin/mariadb-tzinfo-to-sql /usr/bin/; \
    rm -rf /tmp/* /var/lib/apt/lists/*; \
    printf '[mariadbd]\nhost-cache-size=0\nskip-name-resolve\ndatadir=/var/lib/mysql\npid-file=/run/mysqld/mysqld.pid\n' \
    >/etc/mysql/mariadb.conf.d/05-container.cnf; \
    install --directory --owner mysql --group mysql --mode 1777 /var/lib/mysql /run/mysqld; \
    mkdir /docker-entrypoint-initdb.d
ENV LANG=C.UTF-8
COPY --chmod=755 mariadb-entrypoint.sh /usr/local/bin/docker-entrypoint.sh
COPY --chmod=755 mariadb-healthcheck.sh /usr/local/bin/healthcheck.sh
VOLUME /var/lib/mysql
ENTRYPOINT ["docker-entrypoint.sh"]
EXPOSE 3306
CMD ["mariadbd"]
