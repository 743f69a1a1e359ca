# The image of bestbefore: a virtual environment with hashed pins, and the opa that Gatekeeper has. Nothing that builds
# things is left in it, and it runs as nobody in particular on a read-only root; only TMPDIR is written to.
#
#   docker build --build-arg REVISION=$(git rev-parse HEAD) --tag bestbefore .
#
# Behind an index or proxy of your own: --secret id=pip,src=pip.conf, --build-arg GOPROXY=…; neither stays in the image.
# Without a container engine: scripts/image.sh.

ARG GO_IMAGE=golang:1.26.8-bookworm
# Both Python stages: a virtual environment belongs to the interpreter that made it.
ARG PYTHON_IMAGE=python:3.11.14-slim-bookworm

FROM ${GO_IMAGE} AS opa
ARG GOPROXY
WORKDIR /src
COPY tools/opa/ ./
RUN CGO_ENABLED=0 go build -trimpath -mod=readonly -buildvcs=false -ldflags="-s -w" -o /opa github.com/open-policy-agent/opa

FROM ${PYTHON_IMAGE} AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /src
COPY requirements/build.txt requirements/runtime.txt requirements/
RUN --mount=type=secret,id=pip,target=/etc/pip.conf \
    python3 -m venv /builder && \
    /builder/bin/python -m pip install --quiet --require-hashes -r requirements/build.txt && \
    /builder/bin/python -m pip wheel --quiet --require-hashes --no-deps --no-build-isolation \
        --wheel-dir /wheels -r requirements/runtime.txt
COPY LICENSE README.md MANIFEST.in pyproject.toml setup.cfg setup.py ./
COPY provider/ provider/
COPY gatekeeper/ gatekeeper/
RUN /builder/bin/python -m build --wheel --no-isolation --outdir /wheels . && \
    python3 -m venv --without-pip /opt/bestbefore && \
    /builder/bin/python -m pip --python /opt/bestbefore/bin/python install --quiet --no-index --no-deps --no-compile \
        /wheels/*.whl
COPY --from=opa /opa /tmp/opa
# Beside our package, where it is looked for before the PATH. Compiled here: nothing can be written later. The last line
# loads the C libraries that wheels bring along, and names them: scanners of Python packages do not see them.
RUN package=$(/opt/bestbefore/bin/python -I -c 'import gatekeeper.evaluation as e; print(*e.__path__)') && \
    install -D -m 0755 /tmp/opa "$package/bin/opa" && \
    /opt/bestbefore/bin/python -m compileall -q -j 1 --invalidation-mode unchecked-hash /opt/bestbefore/lib && \
    /opt/bestbefore/bin/bestbefore version

FROM ${PYTHON_IMAGE}
# The base image's own installers, and the copies that Python brings to make new ones.
RUN rm -rf /usr/local/bin/pip* /usr/local/lib/python3*/site-packages/* /usr/local/lib/python3*/ensurepip \
        /usr/lib/python3*/ensurepip /usr/lib/python3/dist-packages/pip* /usr/share/python-wheels
COPY --from=build /opt/bestbefore /opt/bestbefore
ENV PATH=/opt/bestbefore/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    TMPDIR=/tmp
# Last, because the revision changes with every commit.
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="bestbefore" \
      org.opencontainers.image.description="Refuses container images past their best-before date, with OPA Gatekeeper" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
USER 65532:65532
EXPOSE 8443 8888
ENTRYPOINT ["bestbefore"]
CMD ["serve"]
