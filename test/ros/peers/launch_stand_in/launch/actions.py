"""Actions of launch."""

from .entities import LaunchDescriptionEntity
from .substitutions import perform


class DeclareLaunchArgument(LaunchDescriptionEntity):
    def __init__(self, name, *, default_value=None, description=None):
        self.name = name
        self.default_value = default_value
        self.description = description

    def visit(self, context):
        if self.name not in context.launch_configurations:
            if self.default_value is None:
                raise RuntimeError(f"Required launch argument '{self.name}' was not provided.")
            context.launch_configurations[self.name] = perform(context, self.default_value)


class OpaqueFunction(LaunchDescriptionEntity):
    def __init__(self, *, function):
        self._function = function

    def visit(self, context):
        return self._function(context)


class SetEnvironmentVariable(LaunchDescriptionEntity):
    def __init__(self, name, value):
        self.name = name
        self.value = value

    def visit(self, context):
        context.environment[self.name] = perform(context, self.value)


class LogInfo(LaunchDescriptionEntity):
    def __init__(self, *, msg):
        self.msg = msg

    def visit(self, context):
        print(f"[INFO] {perform(context, self.msg)}", flush=True)


class IncludeLaunchDescription(LaunchDescriptionEntity):
    def __init__(self, launch_description_source, *, launch_arguments=()):
        self._source = launch_description_source
        self._arguments = list(launch_arguments)

    def visit(self, context):
        for name, value in self._arguments:
            context.launch_configurations[name] = perform(context, value)
        return [self._source.get_launch_description(context)]


class ExecuteProcess(LaunchDescriptionEntity):
    def __init__(self, *, cmd, output="log", emulate_tty=False, respawn=False, respawn_delay=0.0):  # noqa: ARG002
        self._cmd = cmd
        if not isinstance(respawn, bool) or not isinstance(respawn_delay, float):
            raise TypeError("Expected a bool for respawn and a float for respawn_delay.")
        self.respawn = respawn

    def command(self, context):
        return [perform(context, word) for word in self._cmd]

    def visit(self, context):
        if not context.is_shutdown:
            context.service.start(self, self.command(context))


class RegisterEventHandler(LaunchDescriptionEntity):
    def __init__(self, event_handler):
        self._handler = event_handler

    def visit(self, context):
        context.service.handlers.append(self._handler)


class TimerAction(LaunchDescriptionEntity):
    def __init__(self, *, period, actions):
        self._period = period
        self._actions = actions

    def visit(self, context):
        context.service.after(self._period, self._actions)


class Shutdown(LaunchDescriptionEntity):
    def __init__(self, *, reason="reason not given"):
        self._reason = reason

    def visit(self, context):
        context.service.shutdown(self._reason)
