"""Writes the bundle that tests run on: the interface of a trained bundle, with arithmetic simple enough to do by hand.

    python test/model/make_tiny_bundle.py [FOLDER]      (default: test/fixtures/tiny-bundle)

Needs onnx, onnxruntime, numpy and Pillow. The graphs, in words:

encoder, per image m of modality index i, level k = 0, 1, 2:
    features_k[m] = mean of each (4 * 2^k)-pixel square of the image + 3 * i           float32 [M,3,h,w]
head, everything enlarged to the image by nearest neighbour:
    v             = mean over m of (red of level 0 + green of level 1 + blue of level 2) / 3
    labels        = min(14, floor(v / 17))                                             uint8 [H,W]
    confidence    = min(255, floor(mean over m of the green of level 1))               uint8 [H,W]
    routing[k,m]  = softmax over m of (mean of features_k[m] over channels and pixels / 64)

So one evenly grey camera image of value g gives label min(14, floor(g / 17)) everywhere.
The golden labels come from numpy, not from the graphs; the script fails where the two differ.
"""

import hashlib
import json
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, compose, helper, numpy_helper
from PIL import Image

WIDTH, HEIGHT, LEVELS = 64, 32, 3
STRIDES = [4 * 2**level for level in range(LEVELS)]
OFFSET, BIN, TEMPERATURE = 3, 17, 64
MODALITIES = [
    {"name": "camera", "representation": {"kind": "rgb"}},
    {"name": "depth", "representation": {"kind": "hha", "nearMetres": 2, "heightMetres": [-1, 7]}},
    {"name": "events", "representation": {"kind": "counts-recency", "windowMs": 40, "countScale": 64}},
    {
        "name": "lidar",
        "representation": {
            "kind": "range-intensity-height",
            "rangeMetres": [1, 80],
            "heightMetres": [-1, 7],
            "dilation": 1,
        },
    },
]
CLASSES = [
    ("road", (128, 64, 128)),
    ("lane_marking", (157, 234, 50)),
    ("sidewalk", (244, 35, 232)),
    ("terrain", (152, 251, 152)),
    ("building", (70, 70, 70)),
    ("wall", (102, 102, 156)),
    ("fence", (190, 153, 153)),
    ("pole", (153, 153, 153)),
    ("traffic_sign", (220, 220, 0)),
    ("vegetation", (107, 142, 35)),
    ("sky", (70, 130, 180)),
    ("car", (0, 0, 142)),
    ("truck", (0, 0, 70)),
    ("person", (220, 20, 60)),
    ("cyclist", (119, 11, 32)),
]


def constant(name, values, dtype):
    return numpy_helper.from_array(np.array(values, dtype), name)


def feature_info(level):
    stride = STRIDES[level]
    return helper.make_tensor_value_info(
        f"features_{level}", TensorProto.FLOAT, ["M", 3, HEIGHT // stride, WIDTH // stride]
    )


def save(path, name, nodes, inputs, outputs, constants):
    graph = helper.make_graph(nodes, name, inputs, outputs, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8, producer_name="")
    onnx.checker.check_model(model, full_check=True)
    path.write_bytes(model.SerializeToString(deterministic=True))


def write_encoder(path):
    nodes = [
        helper.make_node("Cast", ["images"], ["floats"], to=TensorProto.FLOAT),
        helper.make_node("Transpose", ["floats"], ["planes"], perm=[0, 3, 1, 2]),
        helper.make_node("Cast", ["modality"], ["index"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["index", "offset"], ["flat_offsets"]),
        helper.make_node("Reshape", ["flat_offsets", "column"], ["offsets"]),
    ]
    for level, stride in enumerate(STRIDES):
        nodes += [
            helper.make_node(
                "AveragePool", ["planes"], [f"pooled_{level}"], kernel_shape=[stride] * 2, strides=[stride] * 2
            ),
            helper.make_node("Add", [f"pooled_{level}", "offsets"], [f"features_{level}"]),
        ]
    save(
        path,
        "tiny_encoder",
        nodes,
        [
            helper.make_tensor_value_info("images", TensorProto.UINT8, ["M", HEIGHT, WIDTH, 3]),
            helper.make_tensor_value_info("modality", TensorProto.INT64, ["M"]),
        ],
        [feature_info(level) for level in range(LEVELS)],
        [constant("offset", OFFSET, np.float32), constant("column", [-1, 1, 1, 1], np.int64)],
    )


def write_head(path):
    nodes = []
    for level, stride in enumerate(STRIDES):
        nodes += [
            helper.make_node("Gather", [f"features_{level}", f"channel_{level}"], [f"plane_{level}"], axis=1),
            helper.make_node(
                "Resize",
                [f"plane_{level}", "", f"scales_{level}"],
                [f"enlarged_{level}"],
                mode="nearest",
                coordinate_transformation_mode="asymmetric",
                nearest_mode="floor",
            ),
            helper.make_node("ReduceMean", [f"features_{level}"], [f"means_{level}"], axes=[1, 2, 3], keepdims=0),
            helper.make_node("Div", [f"means_{level}", "temperature"], [f"logits_{level}"]),
            helper.make_node("Softmax", [f"logits_{level}"], [f"weights_{level}"], axis=0),
            helper.make_node("Unsqueeze", [f"weights_{level}", "first"], [f"row_{level}"]),
        ]
    nodes += [
        helper.make_node("Sum", [f"enlarged_{level}" for level in range(LEVELS)], ["summed"]),
        helper.make_node("ReduceMean", ["summed"], ["mean"], axes=[0, 1], keepdims=0),
        helper.make_node("Div", ["mean", "bin"], ["bins"]),
        helper.make_node("Floor", ["bins"], ["floored"]),
        helper.make_node("Min", ["floored", "last_class"], ["classes"]),
        helper.make_node("Cast", ["classes"], ["labels"], to=TensorProto.UINT8),
        helper.make_node("ReduceMean", ["enlarged_1"], ["green"], axes=[0, 1], keepdims=0),
        helper.make_node("Min", ["green", "byte_max"], ["clamped"]),
        helper.make_node("Cast", ["clamped"], ["confidence"], to=TensorProto.UINT8),
        helper.make_node("Concat", [f"row_{level}" for level in range(LEVELS)], ["routing"], axis=0),
    ]
    constants = [
        constant("temperature", TEMPERATURE, np.float32),
        constant("first", [0], np.int64),
        constant("bin", LEVELS * BIN, np.float32),
        constant("last_class", len(CLASSES) - 1, np.float32),
        constant("byte_max", 255, np.float32),
    ]
    for level, stride in enumerate(STRIDES):
        constants += [
            constant(f"channel_{level}", [level], np.int64),
            constant(f"scales_{level}", [1, 1, stride, stride], np.float32),
        ]
    save(
        path,
        "tiny_head",
        nodes,
        [feature_info(level) for level in range(LEVELS)],
        [
            helper.make_tensor_value_info("labels", TensorProto.UINT8, [HEIGHT, WIDTH]),
            helper.make_tensor_value_info("confidence", TensorProto.UINT8, [HEIGHT, WIDTH]),
            helper.make_tensor_value_info("routing", TensorProto.FLOAT, [LEVELS, "M"]),
        ],
        constants,
    )


def write_fused(encoder, head, path):
    """Both graphs joined; its hash is not in the manifest: tests add it where they want it."""
    levels = [f"features_{level}" for level in range(LEVELS)]
    fused = compose.merge_models(
        compose.add_prefix(onnx.load(encoder), "encoder/", rename_inputs=False, rename_outputs=True),
        compose.add_prefix(onnx.load(head), "head/", rename_inputs=True, rename_outputs=False),
        io_map=[(f"encoder/{level}", f"head/{level}") for level in levels],
        producer_name="",
        producer_version="",
    )
    path.write_bytes(fused.SerializeToString(deterministic=True))


def golden_images():
    """A different tilted ramp for each modality, so that swapped images or indices change labels."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    for index, modality in enumerate(MODALITIES):
        channels = [(x * (index + 1) + y * (5 - index) + 40 * channel) * 2 % 256 for channel in range(3)]
        yield modality["name"], np.stack(channels, axis=-1).astype(np.uint8)


def expected_labels(images):
    """The head's rule of the module's docstring, in numpy and whole numbers."""
    total = np.zeros((HEIGHT, WIDTH), np.int64)  # in units of 1/256, so that every mean is a whole number
    for index, image in enumerate(images):
        for level, stride in enumerate(STRIDES):
            plane = image[:, :, level].astype(np.int64)
            sums = plane.reshape(HEIGHT // stride, stride, WIDTH // stride, stride).sum(axis=(1, 3))
            features = sums * (256 // stride**2) + 256 * OFFSET * index
            total += np.kron(features, np.ones((stride, stride), np.int64))
    bins = total // (256 * LEVELS * BIN * len(images))
    return np.minimum(bins, len(CLASSES) - 1).astype(np.uint8)


def entry(folder, path):
    return {"path": path, "sha256": hashlib.sha256((folder / path).read_bytes()).hexdigest()}


def main():
    default = Path(__file__).parents[1] / "fixtures" / "tiny-bundle"
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else default
    (folder / "golden").mkdir(parents=True, exist_ok=True)
    write_encoder(folder / "encoder.onnx")
    write_head(folder / "head.onnx")
    write_fused(folder / "encoder.onnx", folder / "head.onnx", folder / "fused.onnx")

    images = dict(golden_images())
    labels = expected_labels(list(images.values()))
    for name, image in images.items():
        Image.fromarray(image).save(folder / "golden" / f"{name}.png")
    Image.fromarray(labels).save(folder / "golden" / "labels.png")

    encoder = onnxruntime.InferenceSession(folder / "encoder.onnx")
    head = onnxruntime.InferenceSession(folder / "head.onnx")
    batch = np.stack(list(images.values()))
    features = encoder.run(None, {"images": batch, "modality": np.arange(len(images))})
    computed = head.run(["labels"], {f"features_{level}": features[level] for level in range(LEVELS)})[0]
    if not np.array_equal(computed, labels):
        raise SystemExit(f"graphs and numpy differ on {np.count_nonzero(computed != labels)} pixels")

    manifest = {
        "formatVersion": 1,
        "name": "tiny",
        "description": "Untrained test bundle: labels follow from pixel means, see README.md.",
        "input": {"width": WIDTH, "height": HEIGHT},
        "modalities": MODALITIES,
        "classes": [{"id": i, "name": name, "color": color} for i, (name, color) in enumerate(CLASSES)],
        "unlabeledId": 255,
        "files": {"encoder": entry(folder, "encoder.onnx"), "head": entry(folder, "head.onnx")},
        "golden": {
            "images": {name: entry(folder, f"golden/{name}.png") for name in images},
            "labels": entry(folder, "golden/labels.png"),
        },
        "training": {"source": "none"},
    }
    (folder / "model.json").write_text(json.dumps(manifest, indent=2) + "\n")


if __name__ == "__main__":
    main()
