"""Drives a program in a terminal of 80 columns: waits for texts on its screen and types keys.

usage: terminal.py STEPS_FILE PROGRAM [ARGUMENT...]

STEPS_FILE is JSON: [{"expect": REGEX, "send": KEYS}, ...]. Prints everything that the program wrote and
exits with its code; 97 when a text did not come within a minute, or when it still waits a minute after the last key.
"""

import json
import os
import pty
import re
import select
import struct
import sys
import termios
import time
from fcntl import ioctl

SECONDS_FOR_A_TEXT = 60


def main() -> int:
    with open(sys.argv[1], encoding="utf-8") as file:
        steps = json.load(file)
    process, terminal = pty.fork()
    if process == 0:
        os.execvp(sys.argv[2], sys.argv[2:])
    ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 80, 0, 0))
    everything = ""
    since_last_key = ""
    deadline = time.monotonic() + SECONDS_FOR_A_TEXT
    while True:
        ready, _, _ = select.select([terminal], [], [], 0.2)
        if ready:
            try:
                data = os.read(terminal, 65536)
            except OSError:  # Linux: the other side is closed
                data = b""
            if not data:
                break
            text = data.decode("utf-8", "replace")
            everything += text
            since_last_key += text
        plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", since_last_key)
        if steps and re.search(steps[0]["expect"], plain):
            time.sleep(0.2)  # the prompt draws itself before it listens
            os.write(terminal, steps.pop(0)["send"].encode())
            since_last_key = ""
            deadline = time.monotonic() + SECONDS_FOR_A_TEXT
        if time.monotonic() > deadline:
            sys.stdout.write(everything)
            sys.stderr.write(f"\nnever seen: {steps[0]['expect'] if steps else 'the end of the program'}\n")
            os.kill(process, 9)
            return 97
    sys.stdout.write(everything)
    _, status = os.waitpid(process, 0)
    return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    sys.exit(main())
