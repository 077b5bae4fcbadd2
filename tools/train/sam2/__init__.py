"""A small SAM 2.1 whose parameters carry the names of the published checkpoints."""

from .model import Sam2, load_architecture

__all__ = ["Sam2", "load_architecture"]
