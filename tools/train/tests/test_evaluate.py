"""Scores of models and baselines, against masks whose scores are plain."""

import os
import sys
import tempfile
import unittest

import numpy as np
import torch

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
sys.path.insert(0, HERE)

import evaluate
from clips import TextureBank
from photographs import PHOTOGRAPHS, photographs, write
from sam2 import Sam2
from tiny import TINY


def squares(side_px, starts, size=64):
    """Masks [T, size, size] of a square whose left edge is at each of `starts`; None where it is gone."""
    masks = np.zeros((len(starts), size, size), np.uint8)
    for t, x in enumerate(starts):
        if x is not None:
            masks[t, 10:10 + side_px, x:x + side_px] = 1
    return masks


class Scores(unittest.TestCase):
    def test_absence_and_finding_again_are_counted_apart_from_j(self):
        truth = squares(8, [4, 4, None, None, 20, 20])
        results = [(truth[1] > 0, 3.0), (truth[2] > 0, -1.0), (truth[3] > 0, 2.0), (truth[0] > 0, 1.0), (truth[5] > 0, 1.0)]
        scores = evaluate.Scores()
        scores.add(results, truth)
        summary = scores.summary()
        self.assertEqual((summary["frames"], summary["absent_frames"], summary["returns"]), (3, 2, 1))
        self.assertAlmostEqual(summary["j"], 2 / 3)
        self.assertEqual((summary["absent_hit"], summary["false_absence"], summary["refound"]), (0.5, 0.0, 1.0))

    def test_j_is_summed_up_by_the_objects_first_size(self):
        scores = evaluate.Scores()
        for side_px, right in ((4, True), (7, False), (40, True)):  # 0.4 %, 1.2 % and 39 % of the frame
            truth = squares(side_px, [2, 2])
            scores.add([(truth[1] > 0 if right else truth[1] > 1, 1.0)], truth)
        self.assertEqual(scores.summary()["j_by_size"], [1.0, 0.0, None, 1.0])


class Baselines(unittest.TestCase):
    def test_flow_follows_what_a_copied_mask_loses(self):
        images, _ = photographs()
        moving = [image[60:188, 40:296] for image in images]  # the camera's pan alone moves the pattern by 4 pixels a frame
        still = np.zeros((1, len(images), 128, 256), np.uint8)
        for t in range(len(images)):
            still[0, t, 4:20, 100 - 4 * t:130 - 4 * t] = 1
        result = evaluate.baseline_scores([(moving, still)])
        self.assertGreater(result["median flow"]["j"], 0.85)
        self.assertGreater(result["median flow"]["j"], result["copy"]["j"] + 0.2)


class Movers(unittest.TestCase):
    def test_each_thing_that_moved_is_clicked_once(self):
        torch.manual_seed(0)
        with tempfile.TemporaryDirectory() as folder:
            write(folder)
            bank = TextureBank(folder, "all")
        iou, count = evaluate.click_on_movers(Sam2(TINY), bank)
        self.assertGreaterEqual(count, PHOTOGRAPHS - 2)
        self.assertTrue(0 <= iou < 1)
        bank.chains = []
        self.assertEqual(evaluate.click_on_movers(Sam2(TINY), bank), (None, 0))


if __name__ == "__main__":
    unittest.main()
