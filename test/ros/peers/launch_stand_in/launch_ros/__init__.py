"""Stands in for launch_ros; see the package launch beside it."""
