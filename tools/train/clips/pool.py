"""A store of generated clips on disk, from which training draws many times, each time in another guise."""

import json
import os

import cv2
import numpy as np

from .scene import LARGEST_START, SMALLEST_START, make_clip
from .shares import LEARNT

FRAMES, TRACKED = 12, 3  # of each stored clip
LARGEST_STRIDE = 3       # between the frames that a draw takes
SEEK_ABSENCE = 0.6       # share of the draws that look for an object which is gone on a later frame
SMALLEST_PX = 192        # of a drawn object on its first frame: 12 cells of the decoder's masks, less teaches nothing
ELSEWHERE = (0.1, 0.6)   # shares of the draws in which the view jumps: at any frame, and while an object is gone
ZOOMED, NARROWEST = 0.35, 0.45  # share of the draws whose view zooms, by up to a factor of two; its least share of the clip's side


class Pool:
    """Clips as bytes [T, S, S, 4]: RGB, and the number of the tracked object that shows, 0 for none.

    Making a clip costs as much as learning from it twice; drawing one costs next to nothing. `refill` adds clips
    until the pool is full and then replaces the oldest, so that what is drawn changes all the time.
    """

    def __init__(self, bank, folder, name, seed, side, size):
        self.bank, self.seed, self.side, self.size = bank, seed, side, size
        os.makedirs(folder, exist_ok=True)
        self.about = os.path.join(folder, f"{name}.json")
        path = os.path.join(folder, f"{name}.clips")
        shape = (size, FRAMES, side, side, 4)
        self.made, self.calm = 0, [False] * size
        self.gone = np.zeros((size, TRACKED, FRAMES), bool)  # frames that show nothing of an object
        kept = None
        if os.path.exists(self.about) and os.path.exists(path):
            with open(self.about) as file:
                kept = json.load(file)
        if kept and kept["shape"] == list(shape):
            self.made, self.calm = kept["made"], kept["calm"]
            self.clips = np.memmap(path, np.uint8, "r+", shape=shape)
            for at in range(len(self)):
                self._look(at)
        else:
            self.clips = np.memmap(path, np.uint8, "w+", shape=shape)

    def __len__(self):
        return min(self.made, self.size)

    def refill(self, count=1):
        for _ in range(count):
            rng = np.random.default_rng([*self.seed, self.made])
            calm = bool(rng.random() < 0.5)
            images, masks = make_clip(rng, self.bank, FRAMES, self.side, TRACKED, calm, LEARNT)
            at = self.made % self.size
            self.clips[at, ..., :3] = images
            self.clips[at, ..., 3] = (masks * np.arange(1, TRACKED + 1, dtype=np.uint8)[:, None, None, None]).max(0)
            self.calm[at] = calm
            self._look(at)
            self.made += 1

    def _look(self, at):
        labels = self.clips[at, ..., 3].reshape(FRAMES, -1)
        counts = np.stack([np.bincount(frame, minlength=TRACKED + 1)[1:] for frame in labels], 1)
        self.gone[at] = counts == 0

    def note(self):
        """Writes down what the pool holds, for a run that is resumed."""
        with open(self.about + ".new", "w") as file:
            json.dump({"shape": self.clips.shape, "made": self.made, "calm": self.calm}, file)
        os.replace(self.about + ".new", self.about)

    def draw(self, rng, frames, side, objects, calm_share=0.5):
        """Frames uint8 [T, side, side, 3] and masks uint8 [objects, T, side, side], all shown on the first frame."""
        seek = 8 * (frames > 2 and rng.random() < SEEK_ABSENCE)
        while True:
            seek -= 1
            at = int(rng.integers(len(self)))
            if frames > 1 and self.calm[at] != (rng.random() < calm_share) and rng.random() < 0.9:
                continue
            window = draw_frames(rng, frames, slow=self.calm[at] is False and rng.random() < 0.7)
            clip, gone = self.clips[at, window], self.gone[at][:, window]
            missed = ~gone[:, 0] & gone.any(1)
            if seek > 0 and not missed.any():
                continue
            images, masks = _crop(rng, clip, side, _jump(rng, gone))
            share = masks[:, 0].reshape(TRACKED, -1).mean(1)
            smallest = max(SMALLEST_START, min(SMALLEST_PX / side ** 2, 0.012))
            able = np.nonzero((share > smallest) & (share < LARGEST_START))[0]
            if len(able):
                chosen = rng.permutation(able)
                chosen = (chosen[np.argsort(~missed[chosen], kind="stable")] if seek >= 0 else chosen)[:objects]
                chosen = np.concatenate([chosen, rng.choice(able, objects - len(chosen))])
                return _recolour(rng, images), masks[chosen]


def draw_frames(rng, frames, slow=False):
    """Numbers of so many of a stored clip's frames, forwards or backwards, at a pace, or (slow) one after the other."""
    longest = (FRAMES - 1) // max(1, frames - 1)
    stride = 1 if slow else int(rng.integers(1, min(longest, LARGEST_STRIDE) + 1))
    begin = int(rng.integers(FRAMES - (frames - 1) * stride))
    window = np.arange(begin, begin + (frames - 1) * stride + 1, stride)
    return window[::-1].copy() if rng.random() < 0.5 else window


def _jump(rng, gone_kt):
    """The frame from which the view is another one, or the number of frames if it stays.

    An object that was gone comes back wherever it likes, and must be looked for everywhere; one that is there stays near.
    """
    frames = gone_kt.shape[1]
    anywhere, while_gone = ELSEWHERE
    away = 1 + np.nonzero(gone_kt[:, 1:].any(0))[0]
    if len(away) and rng.random() < while_gone:
        return int(rng.choice(away))
    return int(rng.integers(1, frames)) if frames > 1 and rng.random() < anywhere else frames


def _crop(rng, clip, side, jump):
    """A window of the clip that drifts, of its own width and height, which may grow or shrink, mirrored or not, at `side`
    pixels; from frame `jump` on it lies elsewhere, and mirrored the other way."""
    whole = clip.shape[1]
    zoom = 1.0 if rng.random() < 0.3 else rng.uniform(0.55, 1.0)
    grow = np.exp(rng.uniform(-0.7, 0.7)) if len(clip) > 1 and rng.random() < ZOOMED else 1.0
    size = whole * zoom * np.exp(rng.uniform(-0.12, 0.12, 2))
    at = rng.uniform(0, 1, (2, 2))
    drift = rng.normal(0, 0.01, 2) * whole if rng.random() < 0.5 else np.zeros(2)
    mirror, upside_down = rng.random() < 0.5, rng.random() < 0.1
    images = np.empty((len(clip), side, side, 3), np.uint8)
    masks = np.zeros((TRACKED, len(clip), side, side), np.uint8)
    for t, frame in enumerate(clip):
        jumped = int(t >= jump)
        high, wide = np.clip(np.round(size * grow ** (t / max(1, len(clip) - 1))), NARROWEST * whole, whole).astype(int)
        room = whole - np.array([high, wide])
        y, x = np.clip(np.round(at[jumped] * room + drift * t), 0, room).astype(int)
        way = cv2.INTER_AREA if min(high, wide) > side else cv2.INTER_LINEAR
        part = np.asarray(frame[y:y + high, x:x + wide])
        part = part[::-1] if upside_down else part
        part = part[:, ::-1] if mirror != jumped else part
        images[t] = cv2.resize(part[..., :3], (side, side), interpolation=way)
        for k in range(TRACKED):
            one = (part[..., 3] == k + 1).astype(np.uint8)
            if one.any():
                masks[k, t] = cv2.resize(one * 255, (side, side), interpolation=way) > 127
    return images, masks


def _recolour(rng, images):
    """Channels in another order, stronger or weaker colours, brightness and contrast of each; the same for the whole clip."""
    if rng.random() < 0.4:
        images = np.ascontiguousarray(images[..., rng.permutation(3)])
    if rng.random() < 0.3:
        strength = rng.uniform(0, 1.6)
        grey = lambda image: cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
        images = np.stack([cv2.addWeighted(image, strength, grey(image), 1 - strength, 0) for image in images])
    if rng.random() < 0.5:
        gain, bias = np.exp(rng.normal(0, 0.15, 3)), rng.normal(0, 12, 3)
        curve = np.clip(np.arange(256)[:, None] * gain + bias, 0, 255).astype(np.uint8)
        images = np.stack([cv2.LUT(image, curve[:, None, :]) for image in images])
    return images
