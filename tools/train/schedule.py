"""What a run does at each share of its budget (0 at the start, 1 at the end)."""

from dataclasses import dataclass

import numpy as np

from rollout import Habits


@dataclass
class Phase:
    name: str
    until: float        # share of the budget at which it ends
    frames: int         # 0: geometry, 1: images, more: clips
    clips: int          # per process and step
    shrink: float = 1   # divides the pictures' sides: small ones train several times as fast
    calm: bool = False  # slow motion
    absence: float = 0.0
    teach: tuple = (0.0, 0.0)     # at the phase's begin and end
    balance: tuple = (1.0, 1.0)
    prompts: tuple = ()           # (kind, share), ...
    at_least: int = 0             # steps, whatever the clock says: without them the phase is of no use


PHASES = [
    Phase("geometry", 0.02, 0, 16, shrink=1.5, at_least=700, prompts=(("click", 0.6), ("box", 0.4))),
    Phase("images", 0.30, 1, 5, shrink=1.5, balance=(1.0, 0.6), prompts=(("click", 0.65), ("box", 0.35))),
    Phase("clips of 2", 0.36, 2, 4, shrink=1.5, calm=True, teach=(1.0, 0.5), balance=(0.8, 0.6),
          prompts=(("mask", 0.8), ("click", 0.1), ("box", 0.1))),
    Phase("clips of 4, small", 0.78, 4, 3, shrink=1.5, calm=True, absence=0.32, teach=(0.4, 0.1), balance=(0.6, 0.35),
          prompts=(("mask", 0.6), ("click", 0.25), ("box", 0.15))),
    Phase("clips of 8, small", 0.83, 8, 2, shrink=1.5, absence=0.45, teach=(0.1, 0.1), balance=(0.35, 0.3),
          prompts=(("mask", 0.6), ("click", 0.25), ("box", 0.15))),
    Phase("clips of 4", 0.95, 4, 2, calm=True, absence=0.32, teach=(0.1, 0.1), balance=(0.3, 0.3),
          prompts=(("mask", 0.6), ("click", 0.25), ("box", 0.15))),
    Phase("clips of 8", 1.0, 8, 1, absence=0.45, teach=(0.1, 0.0), balance=(0.3, 0.25),
          prompts=(("mask", 0.55), ("click", 0.3), ("box", 0.15))),
]
IMAGE_STEPS = 0.2  # of the steps of every clip phase
PEAK_RATE, FINAL_RATE = 8e-4, 8e-6
HOLD_UNTIL = 0.40  # the rate falls as a half cosine from here to the end


def picture_px(arch, phase):
    """The pictures' side in a phase, a multiple of 32."""
    return max(32, round(arch["image_size"] / phase.shrink / 32) * 32)


def phase_at(progress, steps=1 << 30):
    """The phase of a share of the budget; a phase with `at_least` steps outlasts its share until it had them."""
    return next((phase for phase in PHASES if progress < phase.until or steps < phase.at_least), PHASES[-1])


def share_of_phase(progress, phase):
    begin = max([p.until for p in PHASES if p.until < phase.until], default=0.0)
    return min(1.0, max(0.0, (progress - begin) / (phase.until - begin)))


def learning_rate(progress, step):
    fall = min(1.0, max(0.0, (progress - HOLD_UNTIL) / (1 - HOLD_UNTIL)))
    rate = FINAL_RATE + (PEAK_RATE - FINAL_RATE) * 0.5 * (1 + np.cos(np.pi * fall))
    return rate * min(1.0, (step + 1) / 100)


def habits_at(progress, phase):
    at = share_of_phase(progress, phase)
    blend = lambda pair: pair[0] + (pair[1] - pair[0]) * at
    early = phase.frames <= 2
    return Habits(balance=blend(phase.balance), teach=blend(phase.teach), corrupt=0.05 if early else 0.15,
                  thin_memory=0.1 if early else 0.25, no_pointers=0.1,
                  taught_frames=1.0 if early or phase.shrink > 1 else 0.5)


def draw_kind(rng, choices):
    names, shares = zip(*choices)
    return str(rng.choice(names, p=shares))
