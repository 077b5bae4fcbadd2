"""What cameras and codecs do to a clip: light, blur, noise, small sizes, block compression."""

import cv2
import numpy as np


class Degradation:
    """One draw per clip, applied to each frame (uint8 RGB)."""

    def __init__(self, rng):
        self.rng = rng
        self.gain = np.exp(rng.normal(0, 0.12, 3) * 0.5 + rng.normal(0, 0.15))
        self.bias = rng.normal(0, 8)
        self.drift = rng.normal(0, 0.01) if rng.random() < 0.6 else rng.normal(0, 0.04)
        self.gamma = np.exp(rng.normal(0, 0.15))
        self.noise = rng.choice([0, 2, 5], p=[0.45, 0.4, 0.15]) * rng.random() * 2
        if rng.random() < 0.06:  # low light: dark and grainy
            self.gain = self.gain * rng.uniform(0.15, 0.45)
            self.noise = rng.uniform(4, 14)
        self.blur = rng.uniform(0.4, 1.4) if rng.random() < 0.25 else 0
        self.shrink = rng.uniform(0.35, 0.8) if rng.random() < 0.12 else 1
        self.quality = int(rng.integers(8, 60)) if rng.random() < 0.3 else 0
        self.grey = rng.random() < 0.04
        self.flash = rng.random() < 0.03

    def __call__(self, frame, t):
        rng = self.rng
        side = frame.shape[0]
        if self.blur:
            frame = cv2.GaussianBlur(frame, (0, 0), self.blur)
        if self.shrink < 1:
            small = max(32, int(side * self.shrink))
            frame = cv2.resize(cv2.resize(frame, (small, small), interpolation=cv2.INTER_AREA), (side, side))
        light = np.exp(self.drift * t) * (rng.uniform(1.2, 1.8) if self.flash and rng.random() < 0.2 else 1)
        level = np.arange(256, dtype=np.float32)[:, None] / 255
        curve = np.clip(level ** self.gamma * self.gain * light * 255 + self.bias, 0, 255)
        frame = cv2.LUT(frame, curve.astype(np.uint8)[:, None, :])
        if self.noise:
            grain = np.empty(frame.shape, np.int16)
            cv2.setRNGSeed(int(rng.integers(1 << 31)))
            cv2.randn(grain, 0, self.noise)
            frame = cv2.add(frame.astype(np.int16), grain)
            frame = np.clip(frame, 0, 255).astype(np.uint8)
        if self.grey:
            frame = cv2.cvtColor(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
        if self.quality:
            _, data = cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, self.quality])
            frame = cv2.imdecode(data, cv2.IMREAD_COLOR)
        return frame


def motion_blur(rgba, step_px):
    """Smears a premultiplied layer along its motion during half a frame (the shutter's time)."""
    length = min(int(np.hypot(*step_px) * 0.5), 21)
    if length < 2:
        return rgba
    size = length | 1
    kernel = np.zeros((size, size), np.float32)
    way = np.asarray(step_px) / np.hypot(*step_px) * (size // 2)
    middle = size // 2
    ends = [tuple(int(round(middle + sign * d)) for d in way) for sign in (-1, 1)]
    cv2.line(kernel, ends[0], ends[1], 1.0)
    return cv2.filter2D(rgba, -1, kernel / kernel.sum())
