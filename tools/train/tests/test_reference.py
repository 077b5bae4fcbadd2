"""Our network and tracker against the published predictor's outputs on random weights.

The outputs lie beside the repository, in ../shared/fixtures; without them the test is skipped.
"""

import json
import os
import sys
import unittest

import numpy as np
import torch

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))

import weights
from sam2 import Sam2
from tracker import Tracker, to_input

SHARED = os.path.join(HERE, *[os.pardir] * 4, "shared", "fixtures")
FIXTURE = os.path.join(SHARED, "nano-b")

# Largest allowed difference. CPU kernels differ by 4e-6 (features) and 4e-5 (logits) among
# themselves; memories are rounded to bf16, where one step at their scale is 0.03.
FEATURE, LOGIT, IOU, POINTER, SCORE, MEMORY = 5e-5, 5e-3, 5e-5, 2e-4, 2e-2, 0.1


@unittest.skipUnless(os.path.isdir(FIXTURE), "no reference outputs beside this checkout (../shared/fixtures)")
class Reference(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with open(os.path.join(FIXTURE, "architecture.json")) as file:
            cls.model = Sam2(json.load(file)).eval()
        state = torch.load(os.path.join(FIXTURE, "nano_b_random.pt"), map_location="cpu")["model"]
        cls.model.load_state_dict(state, strict=True)
        cls.expected = weights.read(os.path.join(FIXTURE, "reference.safetensors"))
        with open(os.path.join(FIXTURE, "scenario.json")) as file:
            cls.scenario = json.load(file)
        with torch.no_grad():
            cls.encoded = [cls.model.encode_images(to_input(cls.frame(i), cls.model.input_px)) for i in range(10)]

    @staticmethod
    def frame(index):
        from PIL import Image
        folder = os.path.join(SHARED, "frames")
        return np.asarray(Image.open(os.path.join(folder, sorted(os.listdir(folder))[index])).convert("RGB"))

    def near(self, got, name, limit):
        difference = (got - self.expected[name]).abs().max().item()
        self.assertLess(difference, limit, f"{name}: largest difference {difference:.2e}, limit {limit:.0e}")

    def points(self, name):
        height, width = self.scenario["video_hw"]
        side = self.model.input_px
        return [[x / width * side, y / height * side] for x, y in self.scenario["prompts"][name]]

    def same_step(self, out, tag):
        self.near(out["all"], f"sam_low_res_multimasks_{tag}", LOGIT)
        self.near(out["iou"], f"sam_ious_{tag}", IOU)
        self.near(out["pointer"], f"sam_obj_ptr_{tag}", POINTER)
        self.near(out["score"], f"sam_object_score_{tag}", SCORE)

    def test_encoder(self):
        features, high0, high1 = self.encoded[0]
        self.near(to_input(self.frame(0), self.model.input_px)[0], "input_f0", 1e-5)
        self.near(features, "enc_vision_feat", FEATURE)
        self.near(high0, "enc_high_res_0", FEATURE)
        self.near(high1, "enc_high_res_1", FEATURE)
        self.near(self.model.without_memory(features), "enc_vision_feat_no_mem", FEATURE)

    def test_clicks_then_tracking(self):
        tracker = Tracker(self.model, frames_total=10)
        first = tracker.prompt_points(0, self.encoded[0], self.points("click1"), [1])
        self.same_step(first, "click1_o1_f0")
        second = tracker.prompt_points(0, self.encoded[0], self.points("click2"), [1, 0], first["low_res"])
        self.same_step(second, "click2_o1_f0")
        self.near(self.as_map(second["memory"]), "state_prop_o1_f0_maskmem", MEMORY)
        for at in range(1, 10):
            out = tracker.track(at, self.encoded[at])
            self.same_step(out, f"prop_o1_f{at}")
            self.near(self.as_map(out["memory"]), f"state_prop_o1_f{at}_maskmem", MEMORY)
            if at in (1, 3, 9):
                seen = out["conditioned"].flatten(2).permute(2, 0, 1)
                self.near(seen, f"memattn_out_prop_o1_f{at}", 2e-3)

    def test_box_then_tracking(self):
        tracker = Tracker(self.model, frames_total=10)
        height, width = self.scenario["video_hw"]
        x0, y0, x1, y1 = self.scenario["prompts"]["box"]
        side = self.model.input_px
        corners = [[x0 / width * side, y0 / height * side], [x1 / width * side, y1 / height * side]]
        self.same_step(tracker.prompt_points(0, self.encoded[0], corners, [2, 3]), "box_o2_f0")
        for at in range(1, 10):
            self.same_step(tracker.track(at, self.encoded[at]), f"prop_o2_f{at}")

    def test_mask_then_tracking(self):
        tracker = Tracker(self.model, frames_total=10)
        out = tracker.prompt_mask(4, self.encoded[4], self.expected["mask_prompt"].numpy())
        self.near(out["low_res"], "state_maskfwd_o7_f4_pred_masks", LOGIT)
        self.near(out["pointer"], "state_maskfwd_o7_f4_obj_ptr", POINTER)
        self.near(self.as_map(out["memory"]), "state_maskfwd_o7_f4_maskmem", MEMORY)
        for at in range(5, 10):
            self.same_step(tracker.track(at, self.encoded[at]), f"maskfwd_o7_f{at}")

    def as_map(self, memory_1nc):
        side = self.model.side
        return memory_1nc.transpose(1, 2).reshape(1, -1, side, side)


if __name__ == "__main__":
    unittest.main()
