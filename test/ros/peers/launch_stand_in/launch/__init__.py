"""Stands in for ROS 2's launch where it is not installed (the wheels lack it): as much of its public classes as this
package's launch files use, with the same behaviour. It really executes them and really starts the processes.
"""

import os
import queue
import signal
import subprocess
import threading

from .entities import LaunchDescription, LaunchDescriptionEntity

__all__ = ["LaunchContext", "LaunchDescription", "LaunchDescriptionEntity", "LaunchService"]


class LaunchContext:
    def __init__(self, service):
        self.service = service
        self.launch_configurations = {}
        self.environment = dict(os.environ)
        self.is_shutdown = False


class LaunchService:
    """Visits entities, runs processes, and hands their ends to the handlers. Ends when nothing runs any more."""

    def __init__(self, argv=None):  # noqa: ARG002
        self.context = LaunchContext(self)
        self.handlers = []
        self.processes = {}
        self.timers = []
        self._events = queue.Queue()
        self._pending = []
        self._status = 0

    def include_launch_description(self, description):
        self._pending.append(description)

    def run(self):
        try:
            for entity in self._pending:
                self.visit(entity)
        except Exception as error:
            self._fail(error)
        while self.processes or (self.timers and not self.context.is_shutdown):
            try:
                self._events.get()()
            except Exception as error:
                self._fail(error)
        return self._status

    def visit(self, entity):
        for further in entity.visit(self.context) or []:
            self.visit(further)

    def start(self, action, command):
        process = subprocess.Popen(command, env=self.context.environment)
        self.processes[action] = process
        threading.Thread(target=lambda: self._tell_end(action, process), daemon=True).start()

    def after(self, seconds, actions):
        timer = threading.Timer(seconds, lambda: self._events.put(lambda: self._expire(timer, actions)))
        timer.daemon = True
        self.timers.append(timer)
        timer.start()

    def shutdown(self, reason):
        if self.context.is_shutdown:
            return
        self.context.is_shutdown = True
        print(f"[shutdown] {reason}", flush=True)
        for process in self.processes.values():
            process.send_signal(signal.SIGINT)

    def _fail(self, error):
        self._status = 1
        print(f"[ERROR] Caught exception in launch (see debug for traceback): {error}", flush=True)
        self.shutdown(str(error))

    def _expire(self, timer, actions):
        self.timers.remove(timer)
        for action in actions:
            self.visit(action)

    def _tell_end(self, action, process):
        code = process.wait()
        self._events.put(lambda: self._end(action, code))

    def _end(self, action, code):
        del self.processes[action]
        for handler in list(self.handlers):
            for further in handler.handle(action, code, self.context) or []:
                self.visit(further)
