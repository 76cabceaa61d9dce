"""Modalities and classes of the published data sets.

DELIVER: paper CMNeXt (arXiv 2303.01480), class table of its loader; statistics in 0..255 as CAFuser publishes
them (its LiDAR and event images are dilated, so take those two as approximations). What DELIVER calls depth
is HHA. MUSES has Cityscapes' 19 training classes. MCubeS: class table of the multimodal material segmentation
code.
"""

from __future__ import annotations


def _classes(table: str) -> tuple[dict, ...]:
    """`name r g b; ...` in order of ids."""
    rows = [row.split() for row in table.strip().strip(";").split(";")]
    return tuple({"id": i, "name": r[0], "color": [int(c) for c in r[1:]]} for i, r in enumerate(rows))


def _statistics(mean: tuple[float, ...], std: tuple[float, ...]) -> dict[str, list[float]]:
    return {"mean": list(mean), "std": list(std)}


CAMERA = {
    "name": "camera",
    "representation": {"kind": "rgb"},
    "statistics": _statistics((123.675, 116.28, 103.53), (58.395, 57.12, 57.375)),
}
LIDAR_CONSTANTS = {
    "kind": "range-intensity-height",
    "rangeMetres": [1, 80],
    "heightMetres": [-3, 6],
    "dilation": 1,
}

DELIVER_MODALITIES: tuple[dict, ...] = (
    {**CAMERA, "folder": "img", "suffix": "rgb"},
    {
        "name": "depth",
        "folder": "hha",
        "suffix": "depth",
        "representation": {"kind": "hha-published"},
        "statistics": _statistics((110.34616, 66.50577, 117.07793), (44.36736295, 77.20659029, 105.55149919)),
    },
    {
        "name": "events",
        "folder": "event",
        "suffix": "event",
        "representation": {"kind": "polarity", "windowMs": 50},
        "statistics": _statistics((17.667162, 0, 16.789158), (64.75343739, 1, 63.24056359)),
    },
    {
        "name": "lidar",
        "folder": "lidar",
        "suffix": "lidar",
        "representation": LIDAR_CONSTANTS,
        "statistics": _statistics((1.7969494,) * 3, (7.78596192,) * 3),
    },
)
"""The images are read as published. The constants say how a robot may come near them, DELIVER states none."""

DELIVER_CLASSES = _classes(
    """Building 70 70 70; Fence 100 40 40; Other 55 90 80; Pedestrian 220 20 60; Pole 153 153 153;
    RoadLine 157 234 50; Road 128 64 128; SideWalk 244 35 232; Vegetation 107 142 35; Cars 0 0 142;
    Wall 102 102 156; TrafficSign 220 220 0; Sky 70 130 180; Ground 81 0 81; Bridge 150 100 100;
    RailTrack 230 150 140; GroundRail 180 165 180; TrafficLight 250 170 30; Static 110 190 160;
    Dynamic 170 120 50; Water 45 60 150; Terrain 145 170 100; TwoWheeler 0 0 230; Bus 0 60 100;
    Truck 0 0 70"""
)

MUSES_MODALITIES: tuple[dict, ...] = (
    CAMERA,
    {"name": "events", "representation": {"kind": "counts-recency", "windowMs": 30, "countScale": 64}},
    {"name": "lidar", "representation": LIDAR_CONSTANTS},
)
"""F-E-L. Events and points are drawn as the robot draws them; their statistics are measured."""

MUSES_CLASSES = _classes(
    """road 128 64 128; sidewalk 244 35 232; building 70 70 70; wall 102 102 156; fence 190 153 153;
    pole 153 153 153; traffic_light 250 170 30; traffic_sign 220 220 0; vegetation 107 142 35;
    terrain 152 251 152; sky 70 130 180; person 220 20 60; rider 255 0 0; car 0 0 142; truck 0 0 70;
    bus 0 60 100; train 0 80 100; motorcycle 0 0 230; bicycle 119 11 32"""
)

MCUBES_MODALITIES: tuple[dict, ...] = (
    CAMERA,
    {"name": "aolp", "representation": {"kind": "aolp"}},
    {"name": "dolp", "representation": {"kind": "dolp"}},
    {"name": "nir", "representation": {"kind": "nir"}},
)
"""I-A-D-N."""

MCUBES_CLASSES = _classes(
    """asphalt 44 160 44; concrete 31 119 180; metal 255 127 14; road_marking 214 39 40; fabric 140 86 75;
    glass 127 127 127; plaster 188 189 34; plastic 255 152 150; rubber 23 190 207; sand 174 199 232;
    gravel 196 156 148; ceramic 197 176 213; cobblestone 247 182 210; brick 199 199 199; grass 219 219 141;
    wood 158 218 229; leaf 57 59 121; water 107 110 207; human 156 158 222; sky 99 121 57"""
)
