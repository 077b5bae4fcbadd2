"""Paths of objects and of the camera over a clip, in a world where the frame spans [-1, 1] vertically."""

import numpy as np


class Path:
    """Position, size, turn and flatness of an object at each frame, and whether it is there at all.

    growing: the probability of a strong change of scale, up to a factor of four over the clip.
    """

    def __init__(self, rng, frames, aspect, calm=False, growing=0.0):
        pace = np.exp(rng.uniform(np.log(0.002), np.log(0.04 if calm else 0.12)))
        self.place = wander(rng, frames, pace, np.array([aspect, 1.0]) * 0.8)
        self.size = np.exp(rng.uniform(np.log(0.35), np.log(1.5)))
        grow = rng.normal(0, 0.02)
        if growing and rng.random() < growing:  # calm held-out clips draw no number here, and stay what they were
            grow = rng.choice([-1, 1]) * rng.uniform(0.5, 1.4) / max(frames - 1, 3)
        steps = np.arange(frames)
        self.scale = np.exp(grow * steps + 0.04 * np.sin(steps * rng.uniform(0.2, 1.2)) * rng.random())
        self.scale = np.clip(self.scale, 0.11 / self.size, 1.8 / self.size)
        lean = rng.uniform(-0.6, 0.6) if rng.random() < 0.7 else rng.uniform(0, 6.28)
        turn = rng.normal(0, 0.03 if calm else 0.08)
        self.angle = lean + turn * steps + rng.normal(0, 0.15) * np.sin(steps * rng.uniform(0.2, 1.0))
        # Turning about the vertical axis shows as a change of width.
        self.flat = 1 - rng.uniform(0, 0.55) * np.sin(rng.uniform(0, 0.35) * steps + rng.uniform(0, 1.5)) ** 2
        self.mirror = rng.choice([-1.0, 1.0])
        self.shown = np.ones(frames, bool)
        self.offset = np.zeros((frames, 2))

    def matrix(self, t):
        """2 x 3: the sprite's square [-1, 1]^2 to the world."""
        size = self.size * self.scale[t]
        c, s = np.cos(self.angle[t]), np.sin(self.angle[t])
        linear = np.array([[c, -s], [s, c]]) @ np.diag([self.mirror * size * self.flat[t], size])
        return np.column_stack([linear, self.place[t] + self.offset[t]])


def wander(rng, frames, pace, room):
    """A smooth random walk inside [-room, room], about `pace` world units a frame."""
    at = rng.uniform(-1, 1, 2) * room
    velocity = rng.normal(0, 1, 2)
    velocity *= pace / (np.linalg.norm(velocity) + 1e-6)
    out = np.empty((frames, 2))
    for t in range(frames):
        out[t] = at
        velocity = 0.92 * velocity + rng.normal(0, 0.3 * pace, 2)
        at = at + velocity
        beyond = np.abs(at) > room
        velocity = np.where(beyond & (np.sign(at) == np.sign(velocity)), -velocity, velocity)
    return out


def leave(rng, path, aspect, begin, end):
    """Moves the object out of the frame between two frames of the clip, and back in."""
    frames = len(path.place)
    reach = path.size * path.scale.max() * 1.1
    side = rng.integers(4)
    axis, sign = side % 2, 1 if side < 2 else -1
    edge = (aspect if axis == 0 else 1.0) + reach
    slope = rng.integers(1, 4)
    for t in range(1, frames):
        inside = min(max((t - begin) / slope + 1, 0), max((end - 1 - t) / slope + 1, 0), 1)
        target = sign * edge * 1.05 - path.place[t][axis]
        path.offset[t][axis] += inside * target


def there_and_back(t, count):
    """0, 1, ... count - 1, ... 1, 0, 1, ..."""
    around = t % max(1, 2 * count - 2)
    return min(around, 2 * count - 2 - around)


class Camera:
    """Drift, turn, zoom and shake of the view, as a 3 x 3 matrix per frame (world to view)."""

    def __init__(self, rng, frames, calm=False):
        still = rng.random() < 0.25
        pace = 0 if still else np.exp(rng.uniform(np.log(0.001), np.log(0.02 if calm else 0.06)))
        shake = 0 if still else rng.choice([0, 0.004, 0.012], p=[0.6, 0.3, 0.1] if calm else None) * rng.random()
        self.shift = wander(rng, frames, pace, np.array([0.5, 0.3]))
        self.shift = self.shift - self.shift[0] + rng.normal(0, 1, (frames, 2)) * shake
        self.turn = np.arange(frames) * (0 if still else rng.normal(0, 0.008))
        self.zoom = np.exp(np.arange(frames) * (0 if still else rng.normal(0, 0.008)))
        self.tilt = rng.normal(0, 0.0 if still else 0.006, 2)

    def follow(self, path, share):
        """Keeps an object near where it was, as a person who films it does."""
        self.shift -= share * (path.place - path.place[0])

    def matrix(self, t):
        c, s = np.cos(self.turn[t]) * self.zoom[t], np.sin(self.turn[t]) * self.zoom[t]
        return np.array([[c, -s, self.shift[t][0]], [s, c, self.shift[t][1]],
                         [self.tilt[0] * t / 4, self.tilt[1] * t / 4, 1.0]])
