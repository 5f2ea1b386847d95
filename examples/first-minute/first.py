# PYTHONPATH=clients/python python3 first.py
import time
import glassline

device = glassline.Device("tcp://HOST:PORT", "python-1", "TOKEN")
device.describe({"level": {"unit": "%", "min": 0, "max": 100}, "lamp": {"input": "switch"}})

@device.on_command("lamp")
def lamp(on):
    return on  # the result; an exception would be the reason why not

with device:
    for second in range(10**9):
        device.send("level", second * 7 % 101)
        time.sleep(1)
