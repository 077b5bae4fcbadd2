"""What a run does when: phases by steps, the last one of its course open; a constant rate, and a fall of it for the export."""

from dataclasses import dataclass

import numpy as np

from rollout import Habits


FEATURES, GEOMETRY = -1, 0  # instead of a number of frames: what is trained before the network works as a whole


@dataclass
class Phase:
    name: str
    steps: int                    # 0: open, until the run is stopped
    mix: tuple                    # (frames, clips per process, share of the steps), ...; FEATURES, GEOMETRY, 1: images
    picture: float = 1            # side of the pictures as a share of the planned one: small ones train faster
    calm: float = 0.5             # share of calm clips
    teach: tuple = (0.0, 0.0)     # at the phase's begin and end
    balance: tuple = (1.0, 1.0)
    prompts: tuple = ()           # (kind, share), ... of the clips' first frames
    corrupt: float = 0.15
    thin_memory: float = 0.25
    absent_weight: float = 1.0
    content: float = 1.0


IMAGE_PROMPTS = (("click", 0.65), ("box", 0.35))
PHASES = [
    Phase("features", 1800, ((FEATURES, 4, 1.0),)),
    # On small pictures a cell of the feature map is as large as the disc, which then cannot be drawn.
    Phase("geometry", 600, ((GEOMETRY, 16, 1.0),), picture=4 / 3, prompts=(("click", 0.6), ("box", 0.4))),
    Phase("images", 2000, ((1, 4, 1.0),), balance=(0.5, 0.2)),
    Phase("clips of 2", 400, ((2, 3, 0.8), (1, 4, 0.2)), calm=0.9, teach=(0.9, 0.3), balance=(0.2, 0.1),
          prompts=(("mask", 0.8), ("click", 0.1), ("box", 0.1)), corrupt=0.05, thin_memory=0.1),
    Phase("clips of 4", 3000, ((4, 2, 0.8), (1, 4, 0.2)), calm=0.7, teach=(0.3, 0.1),
          balance=(0.1, 0.1), prompts=(("mask", 0.6), ("click", 0.25), ("box", 0.15)), absent_weight=2.0, content=0.1),
    # Many images: a click must find its object before there is something to track.
    Phase("clips of 4 and 8", 0, ((4, 2, 0.5), (8, 1, 0.2), (1, 4, 0.3)), calm=0.6, teach=(0.05, 0.05),
          balance=(0.1, 0.1), prompts=(("mask", 0.5), ("click", 0.35), ("box", 0.15)), absent_weight=3.0, content=0.3),
    # Entered by name, where the trunk is held: long clips cost little then.
    Phase("long clips", 0, ((4, 2, 0.3), (8, 1, 0.25), (12, 1, 0.2), (1, 4, 0.25)), calm=0.5, teach=(0.05, 0.05),
          balance=(0.1, 0.1), prompts=(("mask", 0.5), ("click", 0.35), ("box", 0.15)), corrupt=0.4, thin_memory=0.35,
          absent_weight=3.0, content=0.3),
]
RATE, WARM_UP = 8e-4, 100


def picture_px(arch, phase):
    """The pictures' side in a phase, a multiple of 64."""
    return max(64, round(arch["image_size"] * phase.picture / 64) * 64)


def share_of_phase(phase, done):
    return min(1.0, done / phase.steps) if phase.steps else 1.0


def learning_rate(step, cooled=0.0, rate=RATE):
    """Constant after a warm-up (step: since the optimiser last forgot its moments); `cooled` from 0 to 1 takes it down to a hundredth."""
    return rate * min(1.0, (step + 1) / WARM_UP) * max(0.01, 1 - cooled)


def habits_at(phase, done, frames):
    at = share_of_phase(phase, done)
    blend = lambda pair: pair[0] + (pair[1] - pair[0]) * at
    return Habits(balance=blend(phase.balance), teach=blend(phase.teach), corrupt=phase.corrupt,
                  thin_memory=phase.thin_memory, no_pointers=0.1, absent_weight=phase.absent_weight, content=phase.content,
                  taught_frames=1.0 if frames <= 2 else 0.5)


def draw(rng, choices):
    """One of the choices, whose last member is its share."""
    shares = np.array([choice[-1] for choice in choices], float)
    return choices[int(rng.choice(len(choices), p=shares / shares.sum()))]
