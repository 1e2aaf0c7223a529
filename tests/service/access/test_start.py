import subprocess
import sys
from pathlib import Path

import pytest

from junco.contract.errors import BadInput
from service.access.secret import pepper_at
from service.access.start import refuse_to_expose
from service.settings import ServiceSettings


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "example.org"])
def test_others_may_not_reach_a_service_without_keys(host: str) -> None:
    """Unless somebody says that it is meant, or there are keys."""
    with pytest.raises(BadInput, match="access control is off"):
        refuse_to_expose(host, ServiceSettings(), insecure=False)
    refuse_to_expose(host, ServiceSettings(), insecure=True)
    refuse_to_expose(host, ServiceSettings(access="keys"), insecure=False)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "::1", "localhost"])
def test_this_machine_needs_no_keys(host: str) -> None:
    """Loopback in any spelling; the neighbour is one that does."""
    refuse_to_expose(host, ServiceSettings(), insecure=False)
    with pytest.raises(BadInput):
        refuse_to_expose("128.0.0.1", ServiceSettings(), insecure=False)


def test_the_process_says_so_and_ends(tmp_path: Path) -> None:
    """Exit status 2 before anything is opened, with what to do."""
    command = [sys.executable, "-m", "service", "--host", "0.0.0.0", "--port", "1"]
    found = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False, timeout=60)
    assert found.returncode == 2
    assert "JUNCO_ACCESS=keys" in found.stderr
    assert not (tmp_path / ".junco").exists()


def test_a_damaged_pepper_is_not_replaced(tmp_path: Path) -> None:
    """Every key would be void: somebody has to decide."""
    good = pepper_at(tmp_path / "pepper")
    assert pepper_at(tmp_path / "pepper") == good
    assert len(good) == 64
    (tmp_path / "pepper").chmod(0o600)
    (tmp_path / "pepper").write_text("")
    with pytest.raises(Exception, match="holds no pepper"):
        pepper_at(tmp_path / "pepper")
