"""Substitutions of launch."""


class LaunchConfiguration:
    def __init__(self, name):
        self._name = name

    def perform(self, context):
        if self._name not in context.launch_configurations:
            raise RuntimeError(f"launch configuration '{self._name}' does not exist")
        return context.launch_configurations[self._name]


def perform(context, value):
    """Text as it is, a substitution by what it stands for; anything else launch refuses, and so does this."""
    if isinstance(value, str):
        return value
    if isinstance(value, LaunchConfiguration):
        return value.perform(context)
    raise TypeError(f"Expected a string or a substitution but received {value!r}")
