"""Generated clips: objects composed over backgrounds, with exact masks."""

from .scene import Scene, make_clip
from .textures import TextureBank

__all__ = ["Scene", "make_clip", "TextureBank"]
