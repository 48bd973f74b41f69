# One image for every role: `docker run code-service worker`. docs/containers.md says how it is made and used.
ARG PYTHON_IMAGE=python:3.12.12-slim-bookworm@sha256:593bd06efe90efa80dc4eee3948be7c0fde4134606dd40d8dd8dbcade98e669c

FROM ${PYTHON_IMAGE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
# tini is process 1: it hands signals on, and reaps what is orphaned. The static one needs no library of the base.
RUN apt-get update && apt-get install -y --no-install-recommends tini
WORKDIR /src
COPY constraints.txt pyproject.toml requirements-build.in ./
COPY devstack/containers/pins.py devstack/containers/
# Exactly the pins, by their hashes, as wheels: without --no-deps pip would look for newer extras, which have no hash.
RUN python -m venv --without-pip /opt/codes \
 && python devstack/containers/pins.py run >run.txt \
 && pip --python /opt/codes/bin/python install --no-deps --require-hashes --only-binary :all: -r run.txt \
 && python devstack/containers/pins.py build >build.txt \
 && pip install --no-deps --require-hashes --only-binary :all: -r build.txt
COPY README.md LICENSE ./
COPY schemas schemas
COPY handlers handlers
COPY stores stores
COPY producers producers
COPY consumers consumers
COPY ops ops
COPY web web
COPY audit audit
COPY roles roles
COPY interfaces interfaces
COPY cli cli
COPY devstack devstack
RUN pip wheel --no-deps --no-build-isolation --wheel-dir dist . \
 && pip --python /opt/codes/bin/python install --no-deps --no-index dist/*.whl \
 && pip --python /opt/codes/bin/python check
# botocore describes 400 services of AWS in 24 MB: S3 is needed, and those that give out credentials.
RUN find /opt/codes/lib/python3*/site-packages/botocore/data -mindepth 1 -maxdepth 1 -type d \
      ! -name s3 ! -name sts ! -name 'sso*' ! -name signin -exec rm -r {} +

FROM ${PYTHON_IMAGE}
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="code-service" \
      org.opencontainers.image.description="Hands out access codes: each code to one fan, each request answered once." \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
# The ids are numbers, so that Kubernetes can see that it is not root.
RUN groupadd --gid 10001 codes && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /tmp codes
COPY --from=build /usr/bin/tini-static /usr/local/bin/tini
COPY --from=build /opt/codes /opt/codes
# Nothing is written but to /tmp: the root file system may be read-only.
ENV PATH=/opt/codes/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    CODES_OPS__HOST=0.0.0.0 \
    CODES_OPS__PORT=8080 \
    IMAGE_REVISION=${REVISION}
USER 10001:10001
WORKDIR /tmp
EXPOSE 8080
STOPSIGNAL SIGTERM
# Of a role. A one-off job (`migrate`, `audit`) serves no port and ends long before the third failure.
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=3 CMD ["python", "-m", "ops.probe", "live"]
ENTRYPOINT ["tini", "--", "codes"]
CMD ["--help"]
