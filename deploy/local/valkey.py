"""Our own Valkey: its settings and whether it answers."""

import os
import socket
from pathlib import Path

from deploy.local.environment import Values
from deploy.local.place import Place


def command(place: Place, values: Values, *, forgetful: bool = False) -> list[str | Path]:
    """How the server is started; its password stands in a file, where no list of processes shows it."""
    folder = place.own_folder("valkey")
    settings = {
        "bind": "127.0.0.1",
        "port": values["KHIDMA_VALKEY_PORT"],
        "requirepass": values["KHIDMA_PASSWORD_VALKEY"],
        "dir": f'"{folder}"',
        "appendonly": "no" if forgetful else "yes",
        "save": '""',
        "daemonize": "no",
        "databases": "64",
        "maxmemory-policy": "noeviction",
    }
    configuration = folder / "valkey.conf"
    configuration.unlink(missing_ok=True)
    with os.fdopen(os.open(configuration, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.writelines(f"{name} {value}\n" for name, value in settings.items())
    if place.account:
        os.chown(configuration, place.account.user, place.account.group)
    return [place.valkey, configuration]


def is_ready(values: Values) -> bool:
    """Whether it answers us, with our password, and has read all its data."""
    try:
        with socket.create_connection(("127.0.0.1", int(values["KHIDMA_VALKEY_PORT"])), timeout=2) as connection:
            connection.sendall(f"AUTH {values['KHIDMA_PASSWORD_VALKEY']}\r\nPING\r\n".encode())
            answer = b""
            while answer.count(b"\n") < 2 and (more := connection.recv(200)):
                answer += more
            return answer == b"+OK\r\n+PONG\r\n"
    except OSError:
        return False
