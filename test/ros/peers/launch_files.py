"""Looks over launch files: `launch_files.py PROJECT`. Prints one JSON object with the problems found, and whether
launch itself was there to evaluate them, which it is with an installed ROS 2 and is not with the wheels.
"""

import ast
import importlib.util
import json
import sys
from pathlib import Path


def arguments_of(tree):
    """The table ARGUMENTS of a file: name -> (default, description) as far as they are literals."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and node.targets[0].id == "ARGUMENTS":
            return {key.value: value.elts for key, value in zip(node.value.keys, node.value.values, strict=True)}
    return None


def path_below_share(node):
    """The parts of `SHARE / "config" / "x.yaml"`, or None for any other expression."""
    if isinstance(node, ast.Name) and node.id == "SHARE":
        return []
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div) and isinstance(node.right, ast.Constant):
        parts = path_below_share(node.left)
        return None if parts is None else [*parts, node.right.value]
    return None


def problems_of(project, path, tree, node_arguments):
    arguments = arguments_of(tree)
    if not arguments:
        yield "declares no ARGUMENTS"
        return
    for name, (_, description) in arguments.items():
        if not isinstance(description, ast.Constant) or len(description.value) < 10:
            yield f"does not describe {name}"
    used = set()
    for node in ast.walk(tree):
        parts = path_below_share(node)
        if parts and not (project / Path(*parts)).exists():
            yield f"refers to {'/'.join(parts)}, which is not there"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "given":
            used.add(node.args[0].value if isinstance(node.args[0], ast.Constant) else None)
        # What is handed to another launch file must be an argument of that file.
        if isinstance(node, ast.keyword) and node.arg == "launch_arguments":
            keys = [key for part in ast.walk(node.value) if isinstance(part, ast.Dict) for key in part.keys]
            for key in keys:
                if isinstance(key, ast.Constant) and key.value not in node_arguments:
                    yield f"hands {key.value} to the node's launch file, which does not take it"
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") in ("PASSED_ON", "PARAMETERS"):
            names = node.value.keys if isinstance(node.value, ast.Dict) else node.value.elts
            used.update(name.value for name in names)
    for name in used - {None} - set(arguments):
        yield f"uses {name}, which it does not declare"
    for name in set(arguments) - used:
        yield f"declares {name} and does not use it"
    if path.name == "mle_sam.launch.py" and not {"respawn", "params_file", "namespace"} <= set(arguments):
        yield "lacks arguments every node has"


def evaluate(path):
    """Has launch read the file: names of its arguments that launch finds without description."""
    from launch.actions import DeclareLaunchArgument

    spec = importlib.util.spec_from_file_location(path.name.replace(".", "_"), path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    description = module.generate_launch_description()
    for action in description.entities:
        if isinstance(action, DeclareLaunchArgument) and not action.description:
            yield f"does not describe {action.name} to launch"


def main():
    project = Path(sys.argv[1])
    try:
        # A namespace package of this name is made by any folder `launch`, so something inside is asked for.
        from launch import LaunchDescription  # noqa: F401

        has_launch = True
    except ImportError:
        has_launch = False
    trees = {path: ast.parse(path.read_text(), path) for path in sorted((project / "launch").glob("*.launch.py"))}
    node_arguments = set(arguments_of(trees[project / "launch" / "mle_sam.launch.py"]))
    report = {}
    for path, tree in trees.items():
        report[path.name] = list(problems_of(project, path, tree, node_arguments))
        if has_launch:
            report[path.name] += list(evaluate(path))
    print(json.dumps({"evaluated": has_launch, "problems": report}))


if __name__ == "__main__":
    main()
