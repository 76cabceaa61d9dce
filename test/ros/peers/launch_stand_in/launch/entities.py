"""What everything that is launched descends from."""


class LaunchDescriptionEntity:
    def visit(self, context):
        """Does its work; returns further entities to visit."""
        raise NotImplementedError


class LaunchDescription(LaunchDescriptionEntity):
    def __init__(self, initial_entities=()):
        self.entities = list(initial_entities)

    def visit(self, context):  # noqa: ARG002
        return self.entities
