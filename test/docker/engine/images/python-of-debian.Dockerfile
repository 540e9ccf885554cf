# Stand-in for python:3.X-slim-<suite> where there is no pyenv: Debian's own Python, if it is a 3.X.
ARG BASE
FROM ${BASE}
ARG VERSION
ENV PATH=/usr/local/bin:$PATH LANG=C.UTF-8
RUN set -eu; \
    apt-get update; \
    apt-get install -y --no-install-recommends ca-certificates netbase python3 python3-pip python3-venv tzdata; \
    rm -rf /var/lib/apt/lists/* /usr/lib/python3*/EXTERNALLY-MANAGED; \
    python3 -c "import sys; assert '%d.%d' % sys.version_info[:2] == '$VERSION', sys.version"; \
    for name in python3 python pip3 pip; do ln -s "/usr/bin/${name%3}3" "/usr/local/bin/$name"; done
CMD ["python3"]
