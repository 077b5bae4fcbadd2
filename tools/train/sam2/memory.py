"""Memory attention (features look at memories) and memory encoder (a mask becomes a memory)."""

import torch
from torch import nn
from torch.nn import functional as F

from .layers import Attention, ChannelNorm, Linear


class MemoryLayer(nn.Module):
    def __init__(self, width, memory_width, hidden):
        super().__init__()
        self.self_attn = Attention(width, 1)
        self.cross_attn_image = Attention(width, 1, width_kv=memory_width)
        self.linear1 = Linear(width, hidden)
        self.linear2 = Linear(hidden, width)
        self.norm1 = nn.LayerNorm(width)
        self.norm2 = nn.LayerNorm(width)
        self.norm3 = nn.LayerNorm(width)

    def forward(self, x, memory, placed_memory, rope, pointer_tokens):
        y = self.norm1(x)
        x = x + self.self_attn(y, y, y, rope)
        x = x + self.cross_attn_image(self.norm2(x), placed_memory, memory, rope, pointer_tokens)
        return x + self.linear2(F.relu(self.linear1(self.norm3(x))))


class MemoryAttention(nn.Module):
    def __init__(self, arch):
        super().__init__()
        width = arch["d_model"]
        self.layers = nn.ModuleList(
            MemoryLayer(width, arch["mem_dim"], arch["memory_attention_dim_feedforward"])
            for _ in range(arch["memory_attention_layers"]))
        self.norm = nn.LayerNorm(width)

    def forward(self, x_bnc, position_1nc, memory_bmd, memory_position, rope, pointer_tokens):
        """Pointer tokens stand last in the memory and are not rotated."""
        x = x_bnc + 0.1 * position_1nc
        placed = memory_bmd + memory_position
        for layer in self.layers:
            x = layer(x, memory_bmd, placed, rope, pointer_tokens)
        return self.norm(x)


class MaskDownsampler(nn.Module):
    """A mask at input size becomes a map at a sixteenth of it, in four halving convolutions."""

    def __init__(self, width):
        super().__init__()
        parts, channels = [], 1
        for _ in range(4):
            parts += [nn.Conv2d(channels, 4 * channels, 3, 2, 1), ChannelNorm(4 * channels), nn.GELU()]
            channels *= 4
        self.encoder = nn.Sequential(*parts, nn.Conv2d(channels, width, 1))

    def forward(self, mask):
        return self.encoder(mask)


class FuserLayer(nn.Module):
    """ConvNeXt block: depthwise 7 x 7, norm, wide perceptron, a learned scale, residual."""

    def __init__(self, width):
        super().__init__()
        # A small first scale keeps the block near the identity, yet lets gradients through at once.
        self.gamma = nn.Parameter(torch.full((width,), 0.1))
        self.dwconv = nn.Conv2d(width, width, 7, padding=3, groups=width)
        self.norm = ChannelNorm(width)
        self.pwconv1 = Linear(width, 4 * width)
        self.pwconv2 = Linear(4 * width, width)

    def forward(self, x):
        y = self.norm(self.dwconv(x)).permute(0, 2, 3, 1)
        y = self.gamma * self.pwconv2(F.gelu(self.pwconv1(y)))
        return x + y.permute(0, 3, 1, 2)


class Fuser(nn.Module):
    def __init__(self, width, count=2):
        super().__init__()
        self.layers = nn.ModuleList(FuserLayer(width) for _ in range(count))


class MemoryEncoder(nn.Module):
    def __init__(self, arch):
        super().__init__()
        width = arch["d_model"]
        self.mask_downsampler = MaskDownsampler(width)
        self.pix_feat_proj = nn.Conv2d(width, width, 1)
        self.fuser = Fuser(width)
        if arch["mem_dim"] != width:
            self.out_proj = nn.Conv2d(width, arch["mem_dim"], 1)

    def forward(self, features, scaled_mask):
        x = self.pix_feat_proj(features) + self.mask_downsampler(scaled_mask)
        for layer in self.fuser.layers:
            x = layer(x)
        return self.out_proj(x) if hasattr(self, "out_proj") else x
