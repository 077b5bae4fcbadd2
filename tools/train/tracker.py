"""Inference on a video for one object, in the order and with the gates of the published predictor."""

import numpy as np
import torch
from torch.nn import functional as F

from sam2.model import MAX_POINTERS, NO_OBJECT_LOGIT

MEAN = np.array([0.485, 0.456, 0.406], np.float32)
DEVIATION = np.array([0.229, 0.224, 0.225], np.float32)


def to_input(rgb_u8, side):
    """Pillow's antialiased bicubic to side x side, ImageNet statistics, [1, 3, side, side]."""
    from PIL import Image
    if rgb_u8.shape[:2] != (side, side):
        rgb_u8 = np.asarray(Image.fromarray(rgb_u8).resize((side, side), Image.BICUBIC))
    return normalise(rgb_u8)[None]


def normalise(rgb_u8):
    x = (rgb_u8.astype(np.float32) / 255 - MEAN) / DEVIATION
    return torch.from_numpy(np.ascontiguousarray(np.moveaxis(x, -1, -3)))


class Tracker:
    """Feeds frames in order: `prompt` on the first one, then `track` on each of the rest.

    Ablations for evaluation: use_pointers, use_spatial, only_first (no memory of own predictions).
    """

    def __init__(self, model, frames_total=None, use_pointers=True, use_spatial=True, only_first=False):
        self.model = model
        self.use_pointers, self.use_spatial, self.only_first = use_pointers, use_spatial, only_first
        total = MAX_POINTERS if frames_total is None else min(frames_total, MAX_POINTERS)
        self.pointer_limit = total
        self.conditioning = {}
        self.tracked = {}

    # ---- prompts

    @torch.no_grad()
    def prompt_points(self, frame, encoded, points_px, labels, previous=None):
        """Clicks or a box on a frame without memory; points in input pixels. Returns the step's results."""
        features, high0, high1 = encoded
        points = torch.as_tensor(points_px, dtype=torch.float32).view(1, -1, 2)
        labels = torch.as_tensor(labels).view(1, -1)
        previous = None if previous is None else previous.clamp(-32, 32)
        raw = self.model.decode(self.model.without_memory(features), high0, high1, points, labels, previous)
        out = self._choose(raw, multimask=labels.shape[1] <= 1)
        self._remember(frame, features, out, True)
        return out

    @torch.no_grad()
    def prompt_mask(self, frame, encoded, mask_hw):
        """A mask of any size; it becomes the frame's output and its memory."""
        features, high0, high1 = encoded
        side = self.model.input_px
        mask = torch.as_tensor(np.asarray(mask_hw), dtype=torch.float32)[None, None]
        if mask.shape[-2:] != (side, side):
            mask = F.interpolate(mask, size=(side, side), mode="bilinear", align_corners=False, antialias=True)
        mask = (mask >= 0.5).float()
        low = F.interpolate(mask * 20 - 10, size=(side // 4, side // 4), mode="bilinear",
                            align_corners=False, antialias=True)
        pointer, _ = self.model.mask_pointer(features, high0, high1, mask)
        score = torch.full((1, 1), 10.0 if mask.any() else -10.0)
        out = {"low_res": low, "pointer": pointer, "score": score, "iou": torch.ones(1, 1)}
        self._remember(frame, features, out, True)
        return out

    # ---- tracking

    @torch.no_grad()
    def track(self, frame, encoded):
        features, high0, high1 = encoded
        spatial, pointers = self._memories(frame)
        if spatial or pointers:
            seen = self.model.attend_memory(features, spatial, pointers, self.pointer_limit - 1)
        else:
            seen = self.model.without_memory(features)
        out = self._choose(self.model.decode(seen, high0, high1), multimask=True)
        out["conditioned"] = seen
        self._remember(frame, features, out, False)
        return out

    def _memories(self, frame):
        rows = self.model.arch["num_maskmem"]
        spatial = [(out["memory"], rows - 1) for out in self.conditioning.values()]
        pointers = [(out["pointer"], frame - at) for at, out in self.conditioning.items() if at <= frame]
        if not self.only_first:
            spatial += [(self.tracked[frame - back]["memory"], back - 1)
                        for back in range(rows - 1, 0, -1) if frame - back in self.tracked]
            pointers += [(self.tracked[frame - back]["pointer"], back)
                         for back in range(1, self.pointer_limit) if frame - back in self.tracked]
        return spatial if self.use_spatial else [], pointers if self.use_pointers else []

    def _choose(self, raw, multimask):
        masks, iou, tokens, score = raw
        present = score > 0
        masks = torch.where(present[..., None, None], masks, torch.full_like(masks, NO_OBJECT_LOGIT))
        if multimask:
            best = 1 + int(iou[0, 1:].argmax())
            token, all_iou, all_masks = best, iou[:, 1:], masks[:, 1:]
        else:
            best = self._stable(raw[0], iou)
            token, all_iou, all_masks = 0, iou[:, best:best + 1], masks[:, best:best + 1]
        pointer = self.model.pointer(tokens[:, token], present.float())
        return {"low_res": masks[:, best:best + 1], "pointer": pointer, "score": score, "iou": all_iou,
                "all": all_masks}

    @staticmethod
    def _stable(masks, iou):
        """Index of the single mask, or of the best of three when the single one is unstable."""
        single = masks[0, 0]
        inner, outer = int((single > 0.05).sum()), int((single > -0.05).sum())
        stable = 1.0 if outer == 0 else inner / outer
        return 0 if stable >= 0.98 else 1 + int(iou[0, 1:].argmax())

    def _remember(self, frame, features, out, prompted):
        high = self.model.enlarge(out["low_res"])
        probability = (high > 0).float() if prompted else high.sigmoid()
        memory = self.model.encode_memory(features, probability, (out["score"] > 0).float())
        out["memory"] = memory.bfloat16().float()
        (self.conditioning if prompted else self.tracked)[frame] = out
        old = frame - max(MAX_POINTERS, self.model.arch["num_maskmem"])
        self.tracked.pop(old, None)
