"""A device with a session: whatever breaks between it and the hub, no sample is lost and none arrives twice.

usage: python3 session_device.py HOST:PORT ID TOKEN

TOKEN is a join token the first time. The token that the hub then gives to the device is kept in the file ID.token and used
from then on. Its outbox is in memory: it survives broken connections and restarts of the hub, but not its own. The names in brackets are
the rules of spec/protocol.md.
"""

import collections
import json
import pathlib
import random
import select
import socket
import sys
import time

OUTBOX_MAX = 10_000
HEARTBEAT = 15  # seconds
DESCRIBE = {"temperature": {"unit": "°C", "min": -20, "max": 50}, "fan": {"input": "switch"}}


class Session:
    """What has to be remembered. It knows no socket and no clock."""

    def __init__(self, device, token, keep_token):
        self.device, self.token, self.keep_token = device, token, keep_token
        self.name = None  # of the session in use in this run [D2]
        self.nonce = 0
        self.boot = True  # until the first welcome of this run
        self.live = False  # whether the last identify has been welcomed [D1]
        self.window = 0
        self.outbox = collections.deque()  # samples not yet acked, the first with the number `first`
        self.first = 1
        self.next = 1  # the number to be sent next on this connection
        self.handled, self.answer = 0, None  # the last command begun, and its result [D8]

    def accept(self, sample):
        """Takes a sample into the outbox, or says that there is no room."""
        if len(self.outbox) == OUTBOX_MAX:
            return False
        self.outbox.append(sample)
        return True

    def identify(self):
        self.nonce += 1
        self.live = False
        message = {"identify": self.device, "token": self.token, "nonce": self.nonce, "heartbeat": HEARTBEAT}
        if self.name:
            message |= {"session": self.name, "oldest": self.first}
        if self.boot:
            message["boot"] = True
        if self.handled:
            message["handled"] = self.handled
        return message

    def due(self):
        """The next message to send now, if there is one."""
        index = self.next - self.first
        if not self.live or index >= min(self.window, len(self.outbox)):
            return None
        self.next += 1
        return {"seq": self.next - 1} | self.outbox[index]

    def waiting(self):
        """Whether an ack is due: something was sent, or the hub has closed its window."""
        return bool(self.outbox) and (self.window == 0 or self.next > self.first)

    def take(self, message):
        """Takes what the hub said. Gives what to answer, if anything."""
        if message.get("welcome") is not None:
            if message["nonce"] == self.nonce:
                return self.welcomed(message)
        elif not self.live:
            return None
        elif "ack" in message:
            self.acked(message["ack"])
        elif "nak" in message:
            self.next = max(self.first, min(self.next, message["nak"]))
        elif "window" in message:
            self.window = message["window"]
        elif "command" in message:
            return self.obey(message)
        return None

    def welcomed(self, welcome):
        if welcome["session"] != self.name:
            self.first = 1  # what is unacked is numbered anew [D3]
        self.name = welcome["session"]
        if "token" in welcome:
            self.token = welcome["token"]
            self.keep_token(self.token)
        self.live, self.boot, self.window = True, False, welcome["window"]
        self.acked(welcome["ack"])
        self.next = self.first
        return {"describe": DESCRIBE}

    def acked(self, seq):
        while self.first <= seq and self.outbox:
            self.outbox.popleft()  # only an ack takes something out [D5]
            self.first += 1
        self.next = max(self.next, self.first)

    def obey(self, command):
        """Begins a command once; when it comes again, only its result does."""
        if command["command"] > self.handled:
            self.handled = command["command"]
            print(command["channel"], "=", command["value"])
            self.answer = {"result": self.handled, "ok": True}
        return self.answer if command["command"] == self.handled else None


def measure(session, state):
    if time.monotonic() - state["measured"] >= 1:
        state["measured"] = time.monotonic()
        sample = {"channel": "temperature", "value": round(random.gauss(21, 0.5), 2), "ts": int(time.time() * 1000)}
        if not session.accept(sample):
            print("the outbox is full: a sample was not taken")


def converse(session, connection, state):
    """One connection. Ends when it should be given up, with the seconds to wait at least."""

    def say(message):
        nonlocal said
        said = time.monotonic()
        connection.sendall((json.dumps(message) if message else "").encode() + b"\n")

    said = heard = progress = time.monotonic()
    first, received = session.first, b""
    say(session.identify())
    while True:
        measure(session, state)
        while message := session.due():
            say(message)
        now = time.monotonic()
        if session.first != first or not session.waiting():
            first, progress = session.first, now
        if now - progress > HEARTBEAT:
            if session.window:
                return 0  # no progress of the ack: come back and go on from it [D6]
            progress, session.next = now, session.first + 1
            say({"seq": session.first} | session.outbox[0])
        if now - said >= HEARTBEAT / 2:
            say(None)  # an empty line [D7]
        if now - heard > (2 * HEARTBEAT if session.live else 35):
            return 0
        if not select.select([connection], [], [], 0.1)[0]:
            continue
        chunk = connection.recv(65536)
        if not chunk:
            return 0
        heard = time.monotonic()
        *lines, received = (received + chunk).split(b"\n")
        for line in lines:
            message = json.loads(line) if line.strip() else {}
            if "bye" in message:
                return goodbye(session, message)
            if "error" in message:
                print("the hub did not take a line:", message["error"]["reason"])
            if answer := session.take(message):
                say(answer)


def goodbye(session, message):
    print("bye:", message["bye"])
    if message["again"] == "never":
        sys.exit("the hub does not know this token")
    if message["bye"] == "closed":
        session.name = None
    return message.get("wait", 0) / 1000


def main():
    address, device, token = sys.argv[1:]
    host, port = address.rsplit(":", 1)
    own_token = pathlib.Path(f"{device}.token")
    token = own_token.read_text() if own_token.exists() else token
    session, state, attempt = Session(device, token, own_token.write_text), {"measured": 0}, 0
    while True:
        began, wait = time.monotonic(), 0
        try:
            with socket.create_connection((host, int(port)), timeout=10) as connection:
                wait = converse(session, connection, state)
        except OSError as error:
            print(error)
        attempt = 1 if time.monotonic() - began > 60 else attempt + 1
        until = time.monotonic() + max(wait, random.uniform(0, min(30, 0.5 * 2 ** min(attempt, 6))))  # [D9]
        while time.monotonic() < until:
            measure(session, state)
            time.sleep(0.1)


if __name__ == "__main__":
    main()
