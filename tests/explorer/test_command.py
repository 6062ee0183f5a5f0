"""`simulate explore`: it starts, says where, ends when told to, and says what is wrong."""

import importlib.util
import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from click.testing import CliRunner

from simulator.cli import program
from simulator.explorer import server
from simulator.explorer.server import PORT, address_of, bind
from simulator.foundation.findings import UsageError
from tests.explorer.pages import ROOT

BASELINE = str(ROOT / "scenarios/baseline.yaml")


@pytest.mark.parametrize("told", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_until_it_is_told_to_end(tmp_path: Path, told: signal.Signals) -> None:
    words = [sys.executable, "-m", "simulator", "--json", "explore", BASELINE]
    process = subprocess.Popen(
        [*words, "--port", "0", "--no-browser", "--engine", "plain"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), "SIMULATE_LANG": "en"},
    )
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        said += line
        if line.startswith("}"):
            break
    address = json.loads(said)["address"]
    with urllib.request.urlopen(address, timeout=30) as page:
        assert b"explorer.js" in page.read()
    process.send_signal(told)
    out, errors = process.communicate(timeout=30)
    assert process.returncode == 0, errors
    assert (out, errors) == ("", "stopped\n")
    assert list(tmp_path.iterdir()) == [], "it left something behind"


def test_a_taken_port_is_said_and_the_next_one_found() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(UsageError, match=str(port)):
            bind("127.0.0.1", port)
    one, other = bind("127.0.0.1", None), bind("127.0.0.1", None)
    ports = one.getsockname()[1], other.getsockname()[1]
    assert PORT <= ports[0] < ports[1]
    assert address_of(one, "0.0.0.0") == f"http://127.0.0.1:{ports[0]}/"
    one.close()
    other.close()


def test_what_is_missing_is_named_with_what_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "uvicorn" else find(name)
    )
    for lang, words in (("en", "needs uvicorn"), ("zh", "需要 uvicorn")):
        done = CliRunner().invoke(program, ["--lang", lang, "explore", BASELINE])
        assert done.exit_code == 2
        assert words in done.stderr and "pip install 'tianjin-ai-simulator[explore]'" in done.stderr


@pytest.mark.parametrize(
    ("host", "warned"), [("127.0.0.1", False), ("localhost", False), ("0.0.0.0", True)]
)
def test_who_listens_beyond_this_machine_is_warned(
    monkeypatch: pytest.MonkeyPatch, host: str, warned: bool
) -> None:
    served: list[str] = []
    monkeypatch.setattr(server, "serve", lambda shelf, **asked: served.append(asked["host"]))
    for lang, word in (("en", "warning: "), ("zh", "警告：")):
        done = CliRunner().invoke(
            program, ["--lang", lang, "explore", BASELINE, "--no-browser", "--host", host]
        )
        assert done.exit_code == 0, done.stderr
        assert (word in done.stderr and host in done.stderr) is warned
    assert served == [host, host]


@pytest.mark.parametrize(
    ("path", "code"), [("nothing.yaml", 3), (str(ROOT / "scenarios"), 2), ("latest", 2)]
)
def test_what_cannot_be_opened_is_said_before_anything_is_served(path: str, code: int) -> None:
    done = CliRunner().invoke(program, ["explore", path, "--no-browser"])
    assert done.exit_code == code, (done.stderr, done.exit_code)
    assert path.rpartition("/")[2] in done.stderr
