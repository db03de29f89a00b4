# The operator's image. The base is named by digest, so that a build can be repeated:
#   make image PYTHON_IMAGE=python:3.13-slim@sha256:<64 hex digits>
ARG PYTHON_IMAGE
FROM ${PYTHON_IMAGE:?name a Python base image by digest, see make image} AS build

WORKDIR /src
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
RUN python -m venv /opt/pilothouse
COPY pyproject.toml constraints.txt LICENSE README.md ./
COPY operator operator
# The build of the wheel is held to the same versions as its packages.
RUN export PIP_CONSTRAINT=/src/constraints.txt PIP_BUILD_CONSTRAINT=/src/constraints.txt \
    && /opt/pilothouse/bin/pip install --compile '.[aws,gcp,azure]' \
    && /opt/pilothouse/bin/pip check \
    && /opt/pilothouse/bin/pip uninstall --yes pip

FROM ${PYTHON_IMAGE:?name a Python base image by digest, see make image}

# Nothing is written at run time: no bytecode, no home, no cache. A read-only root file system suffices.
ENV PATH=/opt/pilothouse/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 HOME=/nonexistent
COPY --from=build /opt/pilothouse /opt/pilothouse
# A number, not a name: `runAsNonRoot` can be checked only against a number.
USER 65532:65532
ENTRYPOINT ["pilothouse"]
