# The work process, and the runners in which models are loaded.
FROM python:3.11-slim AS build
# cpu: the pinned CPU build of constraints.txt. cuda: the build that the resolver finds, which brings CUDA with it.
ARG TORCH=cpu
WORKDIR /src
COPY pyproject.toml README.md LICENSE constraints.txt ./
COPY docker/torch.sh docker/torch.sh
# The gigabytes first, then what else Junco needs, for packages that are still empty: neither changes with the source.
RUN python -m venv /venv && sh docker/torch.sh /venv "$TORCH"
RUN mkdir junco service worker && touch junco/__init__.py service/__init__.py worker/__init__.py
RUN /venv/bin/pip install --no-cache-dir ".[worker]"
COPY junco junco
COPY service service
COPY worker worker
RUN /venv/bin/pip install --no-cache-dir --no-deps --force-reinstall .

FROM python:3.11-slim
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin junco && install -d -o 10001 -g 10001 /data
COPY --from=build /venv /venv
USER 10001:10001
WORKDIR /data
CMD ["celery", "-A", "worker.celery_app", "worker", "--concurrency", "1", "--without-gossip", "--without-mingle", "--loglevel", "INFO"]
