"""The compose files say what exists here, and keep what they promise: no engine needed to read them."""

import importlib.util
import json
import re
from pathlib import Path

import jsonschema
import pytest
import yaml

from service.settings import ServiceSettings
from worker.settings import WorkerSettings

ROOT = Path(__file__).parents[2]
BASE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
GPU = yaml.safe_load((ROOT / "compose.gpu.yaml").read_text())["services"]
OPERATIONS = (ROOT / "docs" / "operations.md").read_text()
OURS = ("api", "worker")


def image_lines(service: str) -> str:
    return (ROOT / BASE[service]["build"]["dockerfile"]).read_text()


def test_the_api_is_the_module_that_serves():
    assert BASE["api"]["command"][:3] == ["python", "-m", "service"]
    assert importlib.util.find_spec("service.__main__") is not None


def test_the_worker_is_the_celery_app_that_exists():
    command = BASE["worker"]["command"]
    assert command[:4] == ["celery", "-A", "worker.celery_app", "worker"]
    assert importlib.util.find_spec("worker.celery_app") is not None
    assert command[command.index("--concurrency") + 1] == "1"


@pytest.mark.parametrize("service", OURS)
def test_an_image_runs_what_compose_runs(service):
    last = re.search(r"^CMD (\[.*\])$", image_lines(service), re.MULTILINE)
    assert last is not None
    assert yaml.safe_load(last[1]) == BASE[service]["command"]


@pytest.mark.parametrize("service", OURS)
def test_every_variable_is_one_that_the_process_reads(service):
    fields = (ServiceSettings if service == "api" else WorkerSettings).model_fields
    variables = {**BASE[service]["environment"], **GPU.get(service, {}).get("environment", {})}
    unknown = [name for name in variables if name.removeprefix("JUNCO_").lower() not in fields]
    assert unknown == []


def test_the_api_image_has_no_maths():
    installed = re.findall(r'pip install [^"\n]*"([^"]+)"', image_lines("api"))
    assert installed == [".[service]"]
    assert "torch.sh" not in image_lines("api")


@pytest.mark.parametrize("service", ["api", "worker", "redis", "postgres"])
def test_every_service_is_hardened_and_checked(service):
    found = BASE[service]
    assert found["read_only"] is True
    assert found["cap_drop"] == ["ALL"]
    assert found["security_opt"] == ["no-new-privileges:true"]
    assert found["init"] is True
    assert found["user"].split(":")[0] != "0"
    assert found["healthcheck"]["test"][0] == "CMD"
    assert "stop_grace_period" in found
    assert "mem_limit" in found


def test_models_run_where_there_is_no_way_out():
    networks = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["networks"]
    assert BASE["worker"]["networks"] == ["inside"]
    assert networks["inside"]["internal"] is True
    assert "ports" not in BASE["worker"]


def test_the_port_is_published_on_loopback_only():
    assert all(port.startswith("127.0.0.1:") for port in BASE["api"]["ports"])


def test_redis_loses_and_evicts_nothing():
    command = BASE["redis"]["command"]
    assert command[command.index("--appendonly") + 1] == "yes"
    assert command[command.index("--maxmemory-policy") + 1] == "noeviction"


def test_work_starts_once_the_broker_and_the_database_are_well():
    for service in OURS:
        waits = BASE[service]["depends_on"]
        assert {name: entry["condition"] for name, entry in waits.items()} == {
            "postgres": "service_healthy",
            "redis": "service_healthy",
        }


def test_the_gpu_override_asks_for_one_device_of_the_workers_kind():
    device = GPU["worker"]["deploy"]["resources"]["reservations"]["devices"][0]
    assert device["capabilities"] == ["gpu"]
    assert "count" not in device
    assert GPU["worker"]["environment"]["JUNCO_DEVICE"] == "cuda"


def test_a_second_gpu_has_a_worker_of_the_same_installation():
    """All of the worker's but its device, and only where it is asked for."""
    second = GPU["worker-second"]
    assert second["extends"] == {"file": "docker-compose.yml", "service": "worker"}
    assert second["profiles"] == ["second"]
    own = {"deploy", "extends", "profiles"}
    assert {k: v for k, v in second.items() if k not in own} == {k: v for k, v in GPU["worker"].items() if k not in own}
    first, other = (found["deploy"]["resources"]["reservations"]["devices"][0] for found in (GPU["worker"], second))
    assert first["device_ids"] != other["device_ids"]
    assert {**first, "device_ids": other["device_ids"]} == other


def test_what_the_operator_is_told_to_set_reaches_the_processes():
    """From .env by interpolation, or handed on as it is; what operations.md names for compose is there."""
    said = re.search(r"\*\*Distributed\.\*\*.*?\*\*GPUs\.\*\*", OPERATIONS, re.DOTALL)[0]
    for name in set(re.findall(r"`(JUNCO_[A-Z_]+)`", said)) - {"JUNCO_DATABASE_PASSWORD", "JUNCO_PORT"}:
        value = BASE["api"]["environment"].get(name, BASE["worker"]["environment"].get(name, "absent"))
        assert value is None or value.startswith("${" + name), name


def test_the_workers_memory_holds_a_runner_at_its_limit():
    allowed = int(re.search(r"-(\d+)\}", BASE["worker"]["environment"]["JUNCO_MEMORY_BYTES"])[1])
    assert int(BASE["worker"]["mem_limit"].removesuffix("g")) << 30 > allowed
    assert BASE["worker"]["mem_limit"] == BASE["worker"]["memswap_limit"]


@pytest.mark.parametrize("name", ["docker-compose.yml", "compose.gpu.yaml"])
def test_a_file_fits_the_compose_specification(name):
    """The published schema, which is of 2021 and does not know the top-level name yet; a wrong word is refused."""
    schema = json.loads((ROOT / "docker" / "compose-spec.schema.json").read_text())
    found = yaml.safe_load((ROOT / name).read_text())
    found.pop("name", None)
    jsonschema.validate(found, schema)
    found["services"]["worker"]["memory_limit"] = "1g"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(found, schema)


@pytest.mark.parametrize("service", ["api", "worker", "redis", "postgres"])
def test_processes_and_temporary_space_are_bounded(service):
    """Every tmpfs has a size, every service a most of processes."""
    assert BASE[service]["pids_limit"] <= 512
    assert all(":size=" in entry for entry in BASE[service].get("tmpfs", []))


def test_nobody_is_let_in_without_a_key_and_workers_have_no_secrets():
    """The pepper and the first key lie where the worker's container has no volume."""
    told = BASE["api"]["environment"]
    assert told["JUNCO_ACCESS"] == "keys"
    for name in ("JUNCO_PEPPER_FILE", "JUNCO_FIRST_KEY_FILE"):
        assert told[name].startswith("/secrets/")
        assert name not in BASE["worker"]["environment"]
    assert [volume.split(":")[1] for volume in BASE["worker"]["volumes"]] == ["/data"]


@pytest.mark.parametrize("service", OURS)
def test_the_source_changes_no_layer_of_dependencies(service):
    """What an image needs is installed before the source is copied."""
    lines = image_lines(service)
    assert lines.index(f'".[{"service" if service == "api" else "worker"}]"') < lines.index("COPY junco junco")
    assert lines.rindex("--no-deps") > lines.index("COPY worker worker")
