"""How often clips hold what: what training draws from holds other shares than what is held out."""

from dataclasses import dataclass, field, replace

# Of the objects: what moved between photographs, pieces of them of one colour, bodies with limbs, rods and rings, outlines.
KINDS = {"mover": 0.40, "region": 0.22, "articulated": 0.18, "thin": 0.03, "outline": 0.17}


@dataclass(frozen=True)
class Shares:
    """Shares of what a generated clip may hold. The defaults are those of held-out clips: another default is another test."""
    absence: float = 0.45          # of the tracked objects that leave, vanish or are covered
    growing: tuple = (0.25, 0.0)   # of the objects that change strongly in size, in lively and in calm clips
    natural_movers: float = 0.7    # of the objects tracked in a photograph itself: those that moved; the rest are of one colour
    kinds: dict = field(default_factory=lambda: KINDS)  # of the objects laid over it, by kind

    def of_kinds(self, able):
        """The able ones of the kinds with shares that add up to 1."""
        total = sum(share for kind, share in self.kinds.items() if kind in able)
        return {kind: share / total for kind, share in self.kinds.items() if kind in able}


HELD_OUT = Shares()
CALM = replace(HELD_OUT, absence=0.0)
# More things that grow and shrink, and fewer pieces and strips of one colour: a click is to mean a whole thing.
LEARNT = Shares(absence=0.4, growing=(0.45, 0.25), natural_movers=0.92,
                kinds={"mover": 0.52, "region": 0.08, "articulated": 0.22, "thin": 0.02, "outline": 0.16})
