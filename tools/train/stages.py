"""What the trunk makes of clips, kept in memory: what lies behind the trunk learns from that many times as fast."""

import torch

from clips.pool import FRAMES, TRACKED, draw_frames
from losses import CERTAIN
from tracker import normalise

REPLACED = 0.15  # of a batch's clips: how many others take the place of kept ones


class StageStore:
    """Draws of a pool's clips as the trunk's four outputs, f16 (6 MB a clip at 256 px), with the masks of the tracked objects.

    A clip comes in the same guise each time: of its frames a draw takes some, at a pace, in a direction.
    """

    def __init__(self, trunk, pool, rng, size, side, calm_share):
        self.trunk, self.pool, self.side, self.calm_share = trunk, pool, side, calm_share
        self.clips = [self._make(rng) for _ in range(size)]

    def _make(self, rng):
        images, masks = self.pool.draw(rng, FRAMES, self.side, TRACKED, self.calm_share)
        device = next(self.trunk.parameters()).device
        with torch.no_grad():
            parts = [self.trunk(normalise(images[t:t + 4]).to(device)) for t in range(0, FRAMES, 4)]
        return [torch.cat(stage).half() for stage in zip(*parts)], torch.from_numpy(masks)

    def batch(self, rng, frames, clips, objects):
        """Stages [clips, frames, C, h, w] and masks [clips, objects, frames, S, S]; each object shows on the first frame."""
        if rng.random() < REPLACED * clips:
            self.clips[int(rng.integers(len(self.clips)))] = self._make(rng)
        drawn = [self._draw(rng, frames, objects) for _ in range(clips)]
        stages = [torch.stack(stage).float() for stage in zip(*(stages for stages, _ in drawn))]
        return stages, torch.stack([masks for _, masks in drawn]).to(stages[0].device)

    def _draw(self, rng, frames, objects):
        while True:
            stages, masks = self.clips[int(rng.integers(len(self.clips)))]
            window = draw_frames(rng, frames)
            able = (masks[:, window[0]].flatten(1).float().mean(1) >= 4 * CERTAIN).nonzero()[:, 0].numpy()
            if len(able):
                chosen = rng.permutation(able)[:objects]
                chosen = [*chosen, *rng.choice(able, objects - len(chosen))]
                return [stage[window] for stage in stages], masks[chosen][:, window]
