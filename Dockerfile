# The image of bestbefore: locked Debian packages, a virtual environment with hashed pins, and the opa that Gatekeeper
# has. No shell and no program of Debian's but Python is in it; it runs as nobody in particular on a read-only root;
# only TMPDIR is written to. The same commit gives the same files: docs/how-to/verify-the-image.md.
#
#   docker build --build-arg REVISION=$(git rev-parse HEAD) --tag bestbefore .
#
# Behind an index or proxy of your own: --secret id=pip,src=pip.conf, --build-arg GOPROXY=…; neither stays in the image.
# Without a container engine: scripts/image.sh.

ARG GO_IMAGE=golang:1.26.8-bookworm
# Its Python compiles what is in the image, its apt fetches it; nothing else of it comes in.
ARG DEBIAN_IMAGE=debian:12.15-slim

FROM ${GO_IMAGE} AS opa
ARG GOPROXY
WORKDIR /src
COPY tools/opa/ ./
RUN CGO_ENABLED=0 go build -trimpath -mod=readonly -buildvcs=false -ldflags="-s -w" -o /opa github.com/open-policy-agent/opa

FROM ${DEBIAN_IMAGE} AS debian
# For an archive of one day: what the lock names goes from Debian's mirrors when something newer comes.
ARG APT_SOURCES
# Compiled Python, and wheels, have no time and no order of a hash in them.
ENV DEBIAN_FRONTEND=noninteractive PYTHONHASHSEED=0 SOURCE_DATE_EPOCH=315532800
# hadolint ignore=DL3008,DL3009
RUN if [ -n "$APT_SOURCES" ]; then rm -f /etc/apt/sources.list.d/* && printf '%s\n' "$APT_SOURCES" >/etc/apt/sources.list; fi && \
    apt-get -qq update && \
    apt-get -qq install --yes --no-install-recommends python3-venv >/dev/null

FROM debian AS root
COPY scripts/image_root.py requirements/debian.txt /src/
RUN python3 /src/image_root.py unpack /src/debian.txt /image

FROM debian AS build
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
# Of Amazon's interfaces only those that ECR's credentials need: 30 MB less.
RUN /builder/bin/python -m build --wheel --no-isolation --outdir /wheels . && \
    python3 -m venv --without-pip /opt/bestbefore && \
    /builder/bin/python -m pip --python /opt/bestbefore/bin/python install --quiet --no-index --no-deps --no-compile \
        /wheels/*.whl && \
    find /opt/bestbefore/lib/python3.11/site-packages/botocore/data -mindepth 1 -maxdepth 1 -type d \
        ! -name ecr ! -name ecr-public ! -name sts -exec rm -rf {} + && \
    find /opt/bestbefore/bin -type f ! -name bestbefore -delete
COPY --from=opa /opa /tmp/opa
# Beside our package, where it is looked for before the PATH. Compiled here: nothing can be written later. The last line
# loads the C libraries that wheels bring along, and names them: scanners of Python packages do not see them.
RUN package=$(/opt/bestbefore/bin/python -I -c 'import gatekeeper.evaluation as e; print(*e.__path__)') && \
    install -D -m 0755 /tmp/opa "$package/bin/opa" && \
    find /opt/bestbefore -name __pycache__ -prune -exec rm -rf {} + && \
    /opt/bestbefore/bin/python -m compileall -q -j 1 --invalidation-mode unchecked-hash /opt/bestbefore/lib && \
    /opt/bestbefore/bin/bestbefore version

FROM scratch
COPY --from=root /image /
COPY --from=build /opt/bestbefore /opt/bestbefore
ENV PATH=/opt/bestbefore/bin:/usr/bin \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    TMPDIR=/tmp
# Last, because they change with every commit.
ARG VERSION=0.1.0
ARG REVISION=unknown
ARG CREATED=1980-01-01T00:00:00Z
LABEL org.opencontainers.image.title="bestbefore" \
      org.opencontainers.image.description="Refuses container images past their best-before date, with OPA Gatekeeper" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}"
USER 65532:65532
EXPOSE 8443 8888
ENTRYPOINT ["bestbefore"]
CMD ["serve"]
