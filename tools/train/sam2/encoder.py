"""Image encoder: a Hiera trunk and the feature pyramid on top of it."""

import torch
from torch import nn
from torch.nn import functional as F

from .layers import Linear, Perceptron, attend


class WindowAttention(nn.Module):
    def __init__(self, width_in, width_out, heads):
        super().__init__()
        self.heads = heads
        self.qkv = Linear(width_in, 3 * width_out)
        self.proj = Linear(width_out, width_out)

    def forward(self, x_nhwc, pool):
        n, h, w, _ = x_nhwc.shape
        q, k, v = self.qkv(x_nhwc).chunk(3, -1)
        if pool:
            q = halve(q)
        split = lambda t: t.reshape(n, -1, self.heads, t.shape[-1] // self.heads).transpose(1, 2)
        out = attend(split(q), split(k), split(v)).transpose(1, 2)
        return self.proj(out.reshape(n, q.shape[1], q.shape[2], -1))


def halve(x_nhwc):
    """2 x 2 maximum pooling of a channels-last map."""
    return F.max_pool2d(x_nhwc.permute(0, 3, 1, 2), 2).permute(0, 2, 3, 1)


def to_windows(x_nhwc, side):
    """Cuts the map into side x side windows, padded with zeros below and to the right."""
    n, h, w, c = x_nhwc.shape
    down, right = -h % side, -w % side
    if down or right:
        x_nhwc = F.pad(x_nhwc, (0, 0, 0, right, 0, down))
    rows, columns = (h + down) // side, (w + right) // side
    x = x_nhwc.reshape(n, rows, side, columns, side, c).transpose(2, 3)
    return x.reshape(-1, side, side, c), rows, columns


def from_windows(x_wssc, rows, columns, height, width):
    """Puts windows back together and cuts the padding off."""
    side, c = x_wssc.shape[1], x_wssc.shape[-1]
    x = x_wssc.reshape(-1, rows, columns, side, side, c).transpose(2, 3)
    return x.reshape(-1, rows * side, columns * side, c)[:, :height, :width]


class Block(nn.Module):
    """Pre-norm transformer block. `window` 0 attends globally; `pool` halves the map."""

    def __init__(self, width_in, width_out, heads, window, pool):
        super().__init__()
        self.window, self.pool = window, pool
        self.norm1 = nn.LayerNorm(width_in, eps=1e-6)
        self.attn = WindowAttention(width_in, width_out, heads)
        self.norm2 = nn.LayerNorm(width_out, eps=1e-6)
        self.mlp = Perceptron(width_out, 4 * width_out, width_out, 2, F.gelu)
        if width_in != width_out:
            self.proj = Linear(width_in, width_out)

    def forward(self, x):
        kept, x = x, self.norm1(x)
        if hasattr(self, "proj"):
            kept = self.proj(x)
            kept = halve(kept) if self.pool else kept
        if self.window:
            x, rows, columns = to_windows(x, self.window)
            x = from_windows(self.attn(x, self.pool), rows, columns, kept.shape[1], kept.shape[2])
        else:
            x = self.attn(x, self.pool)
        x = kept + x
        return x + self.mlp(self.norm2(x))


class PatchEmbed(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.proj = nn.Conv2d(3, width, 7, 4, 3)

    def forward(self, image):
        return self.proj(image).permute(0, 2, 3, 1)


class Trunk(nn.Module):
    """Hiera: four stages, each after the first at half the size and twice the width."""

    def __init__(self, arch):
        super().__init__()
        width, heads = arch["embed_dim"], arch["num_heads"]
        windows = arch["window_spec"]
        self.patch_embed = PatchEmbed(width)
        self.pos_embed = nn.Parameter(torch.zeros(1, width, *arch["window_pos_embed_bkg_spatial_size"]))
        self.pos_embed_window = nn.Parameter(torch.zeros(1, width, windows[0], windows[0]))
        self.blocks = nn.ModuleList()
        self.last_of_stage = []
        for stage, depth in enumerate(arch["stages"]):
            for at in range(depth):
                first = at == 0 and stage > 0
                wide = width * 2 if first else width
                heads = int(heads * arch["head_mul"]) if first else heads
                # The block that pools still works on the windows of the stage before.
                window = windows[stage - 1] if first else windows[stage]
                if len(self.blocks) in arch["global_att_blocks"]:
                    window = 0
                self.blocks.append(Block(width, wide, heads, window, first and stage <= arch["backbone_q_pool"]))
                width = wide
            self.last_of_stage.append(len(self.blocks) - 1)

    def position(self, height, width):
        whole = F.interpolate(self.pos_embed, size=(height, width), mode="bicubic", align_corners=False)
        side = self.pos_embed_window.shape[-1]
        return (whole + self.pos_embed_window.tile(1, 1, height // side, width // side)).permute(0, 2, 3, 1)

    def forward(self, image):
        x = self.patch_embed(image)
        x = x + self.position(x.shape[1], x.shape[2])
        stages = []
        for index, block in enumerate(self.blocks):
            x = block(x)
            if index in self.last_of_stage:
                stages.append(x.permute(0, 3, 1, 2))
        return stages


class Lateral(nn.Module):
    def __init__(self, wide_in, wide_out):
        super().__init__()
        self.conv = nn.Conv2d(wide_in, wide_out, 1)


class Neck(nn.Module):
    """1 x 1 convolutions to one width; the levels of `top_down` add the coarser one, repeated."""

    def __init__(self, arch):
        super().__init__()
        self.top_down = arch["fpn_top_down_levels"]
        self.convs = nn.ModuleList(Lateral(c, arch["d_model"]) for c in arch["backbone_channel_list"])

    def forward(self, stages):
        last, above, levels = len(stages) - 1, None, {}
        for level in range(last, -1, -1):
            x = self.convs[last - level].conv(stages[level])
            if level in self.top_down and above is not None:
                x = x + F.interpolate(above, scale_factor=2.0, mode="nearest")
            levels[level] = above = x
        return [levels[level] for level in range(last + 1)]


class ImageEncoder(nn.Module):
    def __init__(self, arch):
        super().__init__()
        self.trunk = Trunk(arch)
        self.neck = Neck(arch)
        self.scalp = arch["neck_scalp"]

    def forward(self, image):
        """Feature maps at strides 4, 8 and 16 (the coarsest only feeds the others)."""
        return self.after_trunk(self.trunk(image))

    def after_trunk(self, stages):
        levels = self.neck(stages)
        return levels[: len(levels) - self.scalp]
