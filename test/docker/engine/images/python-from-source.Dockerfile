# CPython out of Debian's source package, for releases that neither pyenv nor a Debian release has.
# Built as the official images do it, but for the slow optimizations. The last stage is a context for
# python.Dockerfile.
ARG BASE=debian:trixie-slim

FROM ${BASE} AS build
ARG SUITE=sid VERSION
# How old the release file is does not matter here.
RUN set -eu; \
    sed -e 's/^Types: deb$/Types: deb-src/' -e "s/^Suites: .*/Suites: $SUITE\nCheck-Valid-Until: no/" -e '/^$/,$d' \
    /etc/apt/sources.list.d/debian.sources >/etc/apt/sources.list.d/source.sources; \
    apt-get update; \
    apt-get install -y --no-install-recommends \
    ca-certificates debian-keyring gcc gpgv libbz2-dev libc6-dev libffi-dev liblzma-dev libncurses-dev \
    libreadline-dev libsqlite3-dev libssl-dev libzstd-dev make pkg-config uuid-dev xz-utils zlib1g-dev
WORKDIR /build
# A mirror may hold older packages than its index says: the newest that it has, with a developer's signature.
RUN set -eu; \
    get() { /usr/lib/apt/apt-helper download-file "$pool/$1" "$@" >/dev/null 2>&1; }; \
    mirror=$(sed -n 's/^URIs: //p' /etc/apt/sources.list.d/source.sources); \
    pool="$mirror/pool/main/p/python$VERSION"; \
    newest=$(apt-cache showsrc "python$VERSION" | sed -n 's/^Version: //p' | sort --version-sort | tail -n 1); \
    patch=${newest%%[-~]*}; patch=${patch##*.}; \
    for release in $(seq "$patch" -1 0); do \
    for revision in 1 2 3; do \
    ! get "python${VERSION}_$VERSION.$release-$revision.dsc" || break 2; \
    done; \
    done; \
    gpgv --quiet --keyring /usr/share/keyrings/debian-keyring.gpg --output description ./*.dsc; \
    archive="python${VERSION}_$VERSION.$release.orig.tar.xz"; \
    hash=$(awk -v name="$archive" '/^Checksums-Sha256:/ { inside = 1; next } /^[^ ]/ { inside = 0 } \
    inside && $3 == name { print $1 }' description); \
    get "$archive" "SHA256:$hash"; \
    mkdir source; \
    tar --extract --strip-components 1 --directory source --file "$archive"
WORKDIR /build/source
RUN ./configure --prefix=/usr/local --enable-loadable-sqlite-extensions --enable-shared --without-ensurepip
RUN make -j2 LDFLAGS='-Wl,--strip-all' \
    && rm python \
    && make python LDFLAGS='-Wl,--strip-all,-rpath=$$ORIGIN/../lib' \
    && make install DESTDIR=/installed \
    && find /installed -depth \( -type d \( -name test -o -name tests -o -name idle_test -o -name __pycache__ \) \
    -o -type f -name 'libpython*.a' \) -exec rm -rf {} + \
    && PYTHONDONTWRITEBYTECODE=1 LD_LIBRARY_PATH=/installed/usr/local/lib \
    "/installed/usr/local/bin/python$VERSION" -c 'import platform; print(platform.python_version())' >/installed/version

FROM scratch
COPY --from=build /installed/ /
