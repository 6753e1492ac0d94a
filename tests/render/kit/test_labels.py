from __future__ import annotations

import numpy as np
import pytest
from matplotlib.axes import Axes

from bench.render.kit import labels
from bench.render.kit.figure import panels
from bench.render.kit.labels import Label, obstacles, place
from bench.render.kit.style import WIDE


@pytest.fixture
def panel() -> Axes:
    _, (found, *_) = panels(WIDE, 1, 4.0)
    found.set_xlim(0, 1)
    found.set_ylim(0, 1)
    return found


def written_boxes(panel: Axes, labels: list[Label], points: list[tuple[float, float]]) -> list:
    around = obstacles(panel, points, 4, [], [])
    written = place(panel, labels, around)
    renderer = panel.figure.canvas.get_renderer()  # type: ignore[attr-defined]
    return [text.get_window_extent(renderer) for _, text in written]


def test_one_label_stands_right_of_its_point(panel: Axes):
    (box,) = written_boxes(panel, [Label("here", ((0.5, 0.5),), "black", 8)], [(0.5, 0.5)])
    x, y = panel.transData.transform((0.5, 0.5))
    assert box.x0 > x
    assert abs((box.y0 + box.y1) / 2 - y) < 3


def test_labels_cover_neither_each_other_nor_points_nor_leave_the_panel(panel: Axes):
    random = np.random.default_rng(0)
    points = [tuple(point) for point in random.uniform(0.05, 0.95, (14, 2))]
    labels = [Label(f"label {i}", (point,), "black", 8) for i, point in enumerate(points)]
    boxes = written_boxes(panel, labels, points)
    assert len(boxes) >= 10
    inside = panel.get_window_extent()
    for i, box in enumerate(boxes):
        assert inside.x0 - 1 <= box.x0
        assert box.x1 <= inside.x1 + 1
        assert not any(_overlap(box, other) for other in boxes[i + 1 :])


def test_a_sweep_is_named_where_there_is_room(panel: Axes):
    crowd = [(0.2 + 0.01 * i, 0.2 + 0.02 * (i % 5)) for i in range(30)]
    label = Label("the sweep", ((0.3, 0.25), (0.8, 0.8)), "black", 8)
    (box,) = written_boxes(panel, [label], crowd)
    assert box.x0 > panel.transData.transform((0.7, 0))[0]


def test_an_optional_label_is_left_out_where_it_would_be_far(panel: Axes):
    crowd = [(0.4 + 0.02 * i, 0.4 + 0.02 * j) for i in range(11) for j in range(11)]
    assert written_boxes(panel, [Label("0.5", ((0.5, 0.5),), "black", 8, optional=True)], crowd) == []


def _overlap(a, b, slack: float = 2.0) -> bool:
    return a.x0 + slack < b.x1 and b.x0 + slack < a.x1 and a.y0 + slack < b.y1 and b.y0 + slack < a.y1


def test_what_a_label_would_cover_follows_from_its_spot(panel: Axes):
    label, (width, height) = Label("here", ((0.2, 0.3), (0.7, 0.6)), "black", 8), (40.0, 20.0)
    boxes = labels._boxes(panel, label, (width, height))
    assert len(boxes) == 2 * len(labels.DISTANCES) * len(labels.DIRECTIONS)
    dots = panel.figure.get_dpi() / 72
    for index, box in enumerate(boxes):
        spot = labels._spot(label, index)
        x, y = panel.transData.transform(spot.home)
        left = x + spot.dx * spot.distance * dots - spot.align * width
        bottom = y + spot.dy * spot.distance * dots - (0.0 if spot.dy > 0 else 1.0 if spot.dy < 0 else 0.5) * height
        assert box == pytest.approx([left, bottom, left + width, bottom + height])
    assert labels._spot(label, 0) == labels._Spot((0.2, 0.3), 1.0, 0.0, 0.0, 5.0)
    assert labels._spot(label, 97) == labels._Spot((0.7, 0.6), 0.75, 0.75, 0.0, 5.0)


def test_boxes_that_share_an_edge_do_not_overlap():
    boxes = np.array([[0.0, 0.0, 2.0, 2.0], [2.0, 0.0, 3.0, 2.0], [1.9, 1.9, 4.0, 4.0], [0.0, 2.0, 2.0, 3.0]])
    assert labels._overlapping(boxes, boxes[:1]).tolist() == [True, False, True, False]
    assert labels._overlapping(boxes, boxes[:0]).tolist() == [False] * 4
