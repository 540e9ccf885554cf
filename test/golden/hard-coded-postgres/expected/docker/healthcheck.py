"""Asks the server in this container for a page; HEALTHCHECK in the Dockerfile runs it.

    python -S /app/docker/healthcheck.py

Healthy is every answer below 500: a redirect, a login page or a 404 comes from a server that works.
A plain socket and -S (no site-packages) start in about 10 ms and need no curl in the image.
"""

import os
import socket
import sys

PORT = os.environ.get("PORT") or "8000"
PATH = os.environ.get("HEALTHCHECK_PATH") or "/"
# A name that ALLOWED_HOSTS accepts.
HOST = "localhost"
TIMEOUT_SECONDS = 4


def ask(port, path, host):
    """Return the first bytes of the answer: its status line."""
    request = (
        f"GET {path} HTTP/1.1\r\n"
        f"Host: {host}\r\n"
        "User-Agent: healthcheck\r\n"
        "Accept: */*\r\n"
        # As from a proxy that terminates TLS, so that SECURE_SSL_REDIRECT does not redirect.
        "X-Forwarded-Proto: https\r\n"
        "Connection: close\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", port), TIMEOUT_SECONDS) as connection:
        connection.sendall(request.encode())
        answer = b""
        while b"\n" not in answer and len(answer) < 1024:
            received = connection.recv(1024)
            if not received:
                break
            answer += received
    return answer


def problem(port, path, host):
    """Return what is wrong with the server, or None when it is healthy."""
    try:
        answer = ask(int(port), path, host)
    except (OSError, ValueError) as error:
        return f"no answer on port {port}: {error}"
    words = answer.split(b"\n")[0].split()
    if len(words) < 2 or not words[0].startswith(b"HTTP/") or not words[1].isdigit():
        return f"not an HTTP answer on port {port}: {answer[:60]!r}"
    status = int(words[1])
    return None if status < 500 else f"status {status} for {path}"


if __name__ == "__main__":
    cause = problem(PORT, PATH, HOST)
    if cause:
        print(f"unhealthy: {cause}")
        sys.exit(1)
