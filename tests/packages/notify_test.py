"""The program under a service manager: what it says when, on the socket that it is given."""

import os
import pathlib
import select
import signal
import socket
import unittest

from support import BUILD, PATIENCE, Gateway, main, scratch


class NotifyTest(unittest.TestCase):
    def setUp(self):
        folder = scratch()
        self.addCleanup(folder.cleanup)
        self.name = str(pathlib.Path(folder.name) / "notify")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(self.socket.close)
        self.socket.bind(self.name)
        self.socket.settimeout(PATIENCE)

    def start(self, **variables):
        program = (BUILD / "bin/session-gateway", "--sandbox", "--listen", "127.0.0.1:0")
        return Gateway(*program, env={"NOTIFY_SOCKET": self.name, **variables})

    def next(self):
        return self.socket.recv(1024).decode()

    def test_ready_then_alive_then_stopping(self):
        with self.start(WATCHDOG_USEC="200000") as gateway:
            self.assertEqual(self.next(), "READY=1")
            # Ready means that it takes calls.
            self.assertIn("Session ", gateway.create_session())
            for _ in range(5):
                self.assertEqual(self.next(), "WATCHDOG=1")
            gateway.process.terminate()
            said = self.next()
            while said == "WATCHDOG=1":
                said = self.next()
            self.assertEqual(said, "STOPPING=1\nEXTEND_TIMEOUT_USEC=35000000")
            self.assertEqual(gateway.end(), 0)

    def test_a_process_that_stands_still_says_nothing(self):
        with self.start(WATCHDOG_USEC="200000") as gateway:
            self.assertEqual(self.next(), "READY=1")
            self.assertEqual(self.next(), "WATCHDOG=1")
            gateway.signal(signal.SIGSTOP)
            os.waitid(os.P_PID, gateway.process.pid, os.WSTOPPED)
            while select.select([self.socket], [], [], 0)[0]:
                self.next()
            self.assertEqual(select.select([self.socket], [], [], 0.5)[0], [])
            gateway.signal(signal.SIGCONT)
            self.assertEqual(self.next(), "WATCHDOG=1")
            self.assertEqual(gateway.stop(), 0)

    def test_no_watchdog_no_pings(self):
        with self.start() as gateway:
            self.assertEqual(self.next(), "READY=1")
            gateway.create_session()
            self.assertEqual(gateway.stop(), 0)
            self.assertTrue(self.next().startswith("STOPPING=1"))
            self.assertEqual(select.select([self.socket], [], [], 0)[0], [])

    def test_a_reload_does_not_end_it(self):
        with self.start() as gateway:
            gateway.signal(signal.SIGHUP)
            self.assertIn("Session ", gateway.create_session())
            self.assertEqual(gateway.stop(), 0)


if __name__ == "__main__":
    main("package_notify")
