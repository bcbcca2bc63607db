"""Runs a program on a pseudo terminal: argv is a JSON list of [expected, answer] pairs, then the program and its arguments.

Prints everything the program wrote, and ends with its exit code (99: an expected text did not come).
"""

import json
import os
import pty
import select
import sys
import time

talk = json.loads(sys.argv[1])
child, terminal = pty.fork()
if child == 0:
    os.execv(sys.argv[2], sys.argv[2:])
seen = b""
unread = b""
deadline = time.monotonic() + 60
ended = False
while not ended and time.monotonic() < deadline:
    ready, _, _ = select.select([terminal], [], [], 1)
    if ready:
        try:
            piece = os.read(terminal, 65536)
        except OSError:
            piece = b""
        ended = not piece
        seen += piece
        unread += piece
    if talk and talk[0][0].encode() in unread:
        unread = b""
        os.write(terminal, talk[0][1].encode() + b"\n")
        talk.pop(0)
sys.stdout.buffer.write(seen)
sys.stdout.flush()
_, status = os.waitpid(child, 0)
sys.exit(99 if talk else os.waitstatus_to_exitcode(status))
