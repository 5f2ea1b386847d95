"""A plain device: a sample each second, one switch. Python's standard library, nothing else.

usage: python3 plain_device.py HOST:PORT ID TOKEN

TOKEN is a join token the first time. The token that the hub then gives to the device is kept in the file ID.token and used
from then on. What is under way when the connection breaks is lost; session_device.py shows how to lose nothing.
"""

import json
import pathlib
import random
import socket
import sys
import threading
import time

DESCRIBE = {"temperature": {"unit": "°C", "min": -20, "max": 50}, "fan": {"input": "switch"}}


def say(connection, message):
    connection.sendall(json.dumps(message).encode() + b"\n")


def obey(connection, own_token):
    """Reads what the hub says; does its commands and answers them."""
    try:
        for line in connection.makefile("rb"):
            message = json.loads(line) if line.strip() else {}
            if "welcome" in message and "token" in message:
                own_token.write_text(message["token"])
            elif "command" in message:
                print(message["channel"], "=", message["value"])
                say(connection, {"result": message["command"], "ok": True})
            elif "error" in message or "bye" in message:
                print(message)
    except OSError:
        pass  # the other thread sees it too, and reconnects


def main():
    address, device, token = sys.argv[1:]
    host, port = address.rsplit(":", 1)
    own_token = pathlib.Path(f"{device}.token")
    attempt = 0
    while True:
        began = time.monotonic()
        try:
            token = own_token.read_text() if own_token.exists() else token
            with socket.create_connection((host, int(port)), timeout=10) as connection:
                connection.settimeout(None)
                say(connection, {"identify": device, "token": token})
                say(connection, {"describe": DESCRIBE})
                threading.Thread(target=obey, args=[connection, own_token], daemon=True).start()
                while True:
                    say(connection, {"temperature": round(random.gauss(21, 0.5), 2)})
                    time.sleep(1)
        except OSError as error:
            print(error)
        # A random time that grows, so that a thousand devices do not come back in the same second.
        attempt = 1 if time.monotonic() - began > 60 else attempt + 1
        time.sleep(random.uniform(0, min(30, 0.5 * 2 ** min(attempt, 6))))


if __name__ == "__main__":
    main()
