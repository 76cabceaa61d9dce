"""Event handlers of launch."""

from types import SimpleNamespace


class OnProcessExit:
    def __init__(self, *, target_action=None, on_exit):
        self._target = target_action
        self._on_exit = on_exit

    def handle(self, action, returncode, context):
        if self._target is not None and action is not self._target:
            return None
        if callable(self._on_exit):
            return self._on_exit(SimpleNamespace(action=action, returncode=returncode), context)
        return self._on_exit
