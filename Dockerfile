# One image for every process of Meqenet: `meqenet <command>`.
FROM python:3.13-slim AS build
WORKDIR /src
RUN python -m venv /opt/meqenet
ENV PATH=/opt/meqenet/bin:$PATH PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
COPY requirements.lock ./
RUN pip install --quiet --require-hashes --requirement requirements.lock
COPY pyproject.toml README.md ./
COPY meqenet ./meqenet
COPY workflows ./workflows
COPY activities ./activities
COPY workers ./workers
COPY db ./db
COPY integrations ./integrations
COPY apps ./apps
RUN pip install --quiet --no-deps --no-build-isolation .

FROM python:3.13-slim
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin meqenet \
    && install --directory --owner meqenet --mode 700 /data
COPY --from=build /opt/meqenet /opt/meqenet
ENV PATH=/opt/meqenet/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER meqenet
WORKDIR /data
ENTRYPOINT ["meqenet"]
