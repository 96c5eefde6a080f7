"""Processes: ours are ended, those of others never, and what dies is started again."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from deploy.local import ports, processes, run
from deploy.local.services import TOO_OFTEN, Service, Supervisor

SLEEP = [sys.executable, "-S", "-c", "import time; time.sleep(60)"]


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    with processes.start(SLEEP, environment={}) as process:
        yield process
        process.kill()


def look_until(supervisor: Supervisor, is_so: Callable[[], bool]) -> bool:
    def look() -> bool:
        supervisor.look()
        return is_so()

    return processes.wait_until(look, seconds=20)


def service(home: Path, command: list[str]) -> Service:
    (home / "logs").mkdir(exist_ok=True)
    return Service("one", command, {}, home)


def test_a_leftover_is_ended_and_its_note_removed(tmp_path: Path, sleeper: subprocess.Popen[bytes]) -> None:
    processes.remember(tmp_path / "web.pid", sleeper.pid)
    assert processes.end_leftovers(tmp_path) == ["web"]
    assert sleeper.wait(5) == -signal.SIGTERM
    assert list(tmp_path.iterdir()) == []


def test_a_leftover_that_ignores_us_is_killed(tmp_path: Path) -> None:
    code = "import signal, time; signal.signal(15, signal.SIG_IGN); print(flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-S", "-c", code], stdout=subprocess.PIPE) as deaf:
        assert deaf.stdout
        assert deaf.stdout.readline() == b"\n"
        processes.remember(tmp_path / "web.pid", deaf.pid)
        processes.end_leftovers(tmp_path, patience=0.2)
        assert deaf.wait(5) == -signal.SIGKILL


def test_a_process_that_took_over_the_id_is_left_alone(tmp_path: Path, sleeper: subprocess.Popen[bytes]) -> None:
    (tmp_path / "web.pid").write_text(json.dumps({"pid": sleeper.pid, "began": "some other time"}))
    assert processes.end_leftovers(tmp_path) == []
    assert sleeper.poll() is None
    assert list(tmp_path.iterdir()) == []


def test_a_note_that_cannot_be_read_ends_nobody(tmp_path: Path) -> None:
    (tmp_path / "web.pid").write_text("half a no")
    assert processes.end_leftovers(tmp_path) == []


def test_a_corpse_is_not_alive(sleeper: subprocess.Popen[bytes]) -> None:
    sleeper.kill()
    assert processes.wait_until(lambda: processes.began_at(sleeper.pid) is None, seconds=5)


@pytest.mark.skipif(not processes.ON_LINUX, reason="only Linux tells a process that its parent has died")
def test_nothing_outlives_a_killed_parent(tmp_path: Path) -> None:
    code = (
        "import sys, time; from deploy.local import processes;"
        f"print(processes.start({SLEEP!r}, environment={{}}).pid, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as parent:
        assert parent.stdout
        child = int(parent.stdout.readline())
        assert processes.began_at(child)
        parent.kill()
    assert processes.wait_until(lambda: processes.began_at(child) is None, seconds=5)


def test_a_service_that_dies_is_started_again(tmp_path: Path) -> None:
    said: list[str] = []
    supervisor = Supervisor(said.append)
    one = service(tmp_path, SLEEP)
    supervisor.add(one)
    assert one.process
    first = one.process.pid
    one.process.kill()
    one.process.wait()
    supervisor.look()
    assert look_until(supervisor, lambda: one.is_running)
    assert one.process.pid != first
    assert "killed by SIGKILL" in said[0]
    supervisor.stop(patience=1)
    assert not one.is_running
    assert not one.note.exists()


def test_one_that_cannot_stay_up_is_named_with_its_last_words(tmp_path: Path) -> None:
    said: list[str] = []
    supervisor = Supervisor(said.append)
    one = service(tmp_path, [sys.executable, "-S", "-c", "print('no such table'); raise SystemExit(3)"])
    supervisor.add(one)
    assert look_until(supervisor, lambda: supervisor.hopeless() is one)
    assert one.quick_deaths == TOO_OFTEN
    assert "exit code 3" in said[0]
    assert "no such table" in said[-1]
    supervisor.stop(patience=1)


def test_stopping_takes_no_longer_than_its_patience(tmp_path: Path) -> None:
    code = "import signal, time; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"
    supervisor = Supervisor(print)
    one = service(tmp_path, [sys.executable, "-S", "-c", code])
    supervisor.add(one)
    assert processes.wait_until(lambda: "deaf" in one.last_words(), seconds=5)
    began = time.monotonic()
    supervisor.stop(patience=0.3)
    assert time.monotonic() - began < 3
    assert not one.is_running


def test_a_taken_port_is_named_together_with_another(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        assert not ports.is_free(port)
        assert ports.choose(port, among=range(10_000, 15_000)) != port
        monkeypatch.setenv("PORT", str(port - 1))
        if ports.is_free(port - 1):
            with pytest.raises(run.CannotStart, match=f"Port {port} is taken"):
                run.web_port()


def test_a_port_that_is_no_number_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "http")
    with pytest.raises(run.CannotStart, match="PORT"):
        run.web_port()


def test_a_home_has_one_run_at_a_time(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with run.only_one(home):
        second = run.only_one(home)
        with pytest.raises(run.CannotStart, match=rf"running already .*process {os.getpid()}"):
            second.__enter__()
    with run.only_one(home):
        assert (home / "lock").read_text() == str(os.getpid())


def test_production_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KHIDMA_ENV", "production")
    with pytest.raises(run.CannotStart, match="KHIDMA_ENV=local"):
        run.refuse_production()


def test_a_reader_who_has_gone_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as broken, monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", broken)
        run.say("Stopping ...")
        run.say("Stopped.")
    assert broken.closed
