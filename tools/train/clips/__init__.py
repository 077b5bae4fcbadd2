"""Generated clips: objects composed over backgrounds, with exact masks."""

from .pool import Pool
from .scene import Scene, make_clip
from .textures import TextureBank

__all__ = ["Pool", "Scene", "make_clip", "TextureBank"]
