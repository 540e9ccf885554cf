# Stand-in for ghcr.io/astral-sh/uv:<version>: the static programs out of the wheel on PyPI.
ARG BASE
FROM ${BASE} AS wheel
ARG VERSION
RUN pip download --no-cache-dir --no-deps --only-binary :all: --platform musllinux_1_1_x86_64 --dest /wheel "uv==$VERSION" \
    && python3 -m zipfile --extract /wheel/uv-*.whl /wheel \
    && install --mode 755 --target-directory / "/wheel/uv-$VERSION.data/scripts/uv" "/wheel/uv-$VERSION.data/scripts/uvx"

FROM scratch
COPY --from=wheel /uv /uvx /
WORKDIR /io
ENTRYPOINT ["/uv"]
