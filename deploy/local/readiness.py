"""Whether what was started can be used."""

import http.client
import socket


def is_ready(port: int) -> bool:
    return what_readyz_says(port).startswith("200 ")


def what_readyz_says(port: int) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/readyz")
        answer = connection.getresponse()
        return f"{answer.status} {answer.read(2000).decode(errors='replace')}"
    except (OSError, http.client.HTTPException) as reason:
        return f"no answer ({reason})"
    finally:
        connection.close()


def listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
