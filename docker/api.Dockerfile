# The HTTP process. No torch, no numpy, no image decoder: it never opens what people upload.
FROM python:3.11-slim AS build
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
# What Junco needs, installed for packages that are still empty: this layer changes with pyproject.toml alone.
RUN mkdir junco service worker && touch junco/__init__.py service/__init__.py worker/__init__.py
RUN python -m venv /venv && /venv/bin/pip install --no-cache-dir ".[service]"
COPY junco junco
COPY service service
COPY worker worker
RUN /venv/bin/pip install --no-cache-dir --no-deps --force-reinstall .

FROM python:3.11-slim
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
# The folders are made here so that a fresh volume on them belongs to the service's user.
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin junco \
    && install -d -o 10001 -g 10001 /data && install -d -o 10001 -g 10001 -m 0700 /secrets
COPY --from=build /venv /venv
USER 10001:10001
WORKDIR /data
EXPOSE 8000
CMD ["python", "-m", "service", "--host", "0.0.0.0", "--port", "8000"]
