# The HTTP process. No torch, no numpy, no image decoder: it never opens what people upload.
FROM python:3.11-slim AS build
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY junco junco
COPY service service
COPY worker worker
RUN python -m venv /venv && /venv/bin/pip install --no-cache-dir ".[service]"

FROM python:3.11-slim
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
# The folder is made here so that a fresh volume on it belongs to the service's user.
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin junco && install -d -o 10001 -g 10001 /data
COPY --from=build /venv /venv
USER 10001:10001
WORKDIR /data
EXPOSE 8000
CMD ["python", "-m", "service", "--host", "0.0.0.0", "--port", "8000"]
