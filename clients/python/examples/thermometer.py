"""A thermometer with a fan: sends a temperature each second and obeys a switch.

::

    python3 thermometer.py tcp://127.0.0.1:7070 thermometer-1 JOIN-TOKEN

With a folder as the fourth argument the outbox is kept there, and what is not taken over yet survives the program.
"""

import logging
import sys
import time

import glassline


def main(address="tcp://127.0.0.1:7070", id="thermometer-1", token="", outbox=None):
    device = glassline.Device(address, id, token, outbox=outbox)
    device.describe(
        {
            "temperature": {"unit": "°C", "min": 0, "max": 50, "every": 1000},
            "fan": {"input": "switch"},
        }
    )
    running = False

    @device.on_command("fan")
    def switch(on):
        nonlocal running
        running = bool(on)
        device.send("fan", running)
        return running

    @device.on_connected
    def connected(resumed):
        print("connected again" if resumed else "connected")

    @device.on_disconnected
    def disconnected(reason):
        print(f"disconnected: {reason}")

    @device.on_token
    def joined(own):
        print(f"from now on its token is {own}")

    temperature = 20.0
    with device:
        while True:
            temperature = min(max(temperature + (-0.4 if running else 0.2), 5.0), 45.0)
            accepted = device.send("temperature", round(temperature, 1))
            print(f"{temperature:.1f} °C, {'accepted' if accepted else 'not accepted'}", flush=True)
            time.sleep(1)


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING)
    try:
        main(*sys.argv[1:])
    except KeyboardInterrupt:
        pass
