"""Small layers shared by the stages of the network."""

import math

import torch
from torch import nn
from torch.nn import functional as F


class _RowLinear(torch.autograd.Function):
    """x W' + b over rows, whose bias gradient is a matrix-vector product: a sum over rows is slow on a CPU."""

    @staticmethod
    def forward(ctx, x, weight, bias):
        ctx.save_for_backward(x, weight)
        return torch.addmm(bias, x, weight.t())

    @staticmethod
    def backward(ctx, gradient):
        x, weight = ctx.saved_tensors
        gradient = gradient.contiguous()
        to_x = gradient.mm(weight) if ctx.needs_input_grad[0] else None
        return to_x, gradient.t().mm(x), gradient.t().mv(gradient.new_ones(len(gradient)))


class Linear(nn.Linear):
    """nn.Linear with a faster backward pass on CPUs."""

    def forward(self, x):
        if not (torch.is_grad_enabled() and x.device.type == "cpu"):
            return super().forward(x)
        out = _RowLinear.apply(x.reshape(-1, x.shape[-1]), self.weight, self.bias)
        return out.view(*x.shape[:-1], -1)


class ChannelNorm(nn.LayerNorm):
    """Layer norm over the channels of a [B, C, H, W] map (eps 1e-6)."""

    def __init__(self, channels):
        super().__init__(channels, eps=1e-6)

    def forward(self, x_bchw):
        if x_bchw.shape[1] <= 16:  # the row-wise kernel below is slow on rows so short
            centred = x_bchw - x_bchw.mean(1, keepdim=True)
            scale = ((centred * centred).mean(1, keepdim=True) + self.eps).rsqrt()
            return centred * scale * self.weight.view(1, -1, 1, 1) + self.bias.view(1, -1, 1, 1)
        return super().forward(x_bchw.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class Perceptron(nn.Module):
    """`count` linear layers under the name `layers`, an activation between them."""

    def __init__(self, wide_in, wide_hidden, wide_out, count, activation=F.relu):
        super().__init__()
        widths = [wide_in] + [wide_hidden] * (count - 1) + [wide_out]
        self.layers = nn.ModuleList(Linear(a, b) for a, b in zip(widths, widths[1:]))
        self.activation = activation

    def forward(self, x):
        for layer in self.layers[:-1]:
            x = self.activation(layer(x))
        return self.layers[-1](x)


def attend(q, k, v):
    """Scaled dot-product attention over [..., tokens, channels]."""
    scores = torch.matmul(q * (1.0 / math.sqrt(q.shape[-1])), k.transpose(-1, -2))
    return torch.matmul(scores.softmax(-1), v)


class Attention(nn.Module):
    """Multi-head attention with separate projections; `shrink` narrows its inner width.

    `rope` (complex, [tokens, width / 2], one head only) rotates queries and keys; the last
    `plain_keys` keys are left unrotated, and the others repeat the rotation once per memory.
    """

    def __init__(self, width, heads, shrink=1, width_kv=None):
        super().__init__()
        inner = width // shrink
        width_kv = width_kv or width
        self.heads = heads
        self.q_proj = Linear(width, inner)
        self.k_proj = Linear(width_kv, inner)
        self.v_proj = Linear(width_kv, inner)
        self.out_proj = Linear(inner, width)

    def forward(self, q, k, v, rope=None, plain_keys=0):
        q, k, v = self.q_proj(q), self.k_proj(k), self.v_proj(v)
        if self.heads > 1:
            return self.out_proj(self._many_heads(q, k, v))
        if rope is not None:
            q = rotate(q, rope)
            turned = k.shape[1] - plain_keys
            repeats = turned // rope.shape[0]
            if repeats:
                head = rotate(k[:, :turned], rope.repeat(repeats, 1))
                k = torch.cat([head, k[:, turned:]], 1) if plain_keys else head
        return self.out_proj(attend(q, k, v))

    def _many_heads(self, q_bnc, k_bmc, v_bmc):
        """All heads in one product: the shorter side is repeated per head, each copy with one head's channels.

        A product per head and object would be hundreds of tiny ones, which cost more to start than to run.
        """
        b, n, c = q_bnc.shape
        m, heads = k_bmc.shape[1], self.heads
        own = torch.eye(heads, device=q_bnc.device).repeat_interleave(c // heads, 1)[:, None]  # [heads, 1, c]
        spread = lambda x: (x[:, None] * own).flatten(1, 2)
        q_bnc = q_bnc * (c // heads) ** -0.5
        if n <= m:
            weights = torch.bmm(spread(q_bnc), k_bmc.transpose(1, 2)).softmax(-1)
            return (torch.bmm(weights, v_bmc).view(b, heads, n, c) * own).sum(1)
        scores = torch.bmm(q_bnc, spread(k_bmc).transpose(1, 2))
        weights = scores.view(b, n, heads, m).softmax(-1).view(b, n, heads * m)
        return torch.bmm(weights, spread(v_bmc))


def rotate(x_bnc, rope_nc):
    """Rotates neighbouring channel pairs of x by the complex factors `rope_nc`."""
    pairs = torch.view_as_complex(x_bnc.reshape(*x_bnc.shape[:-1], -1, 2))
    return torch.view_as_real(pairs * rope_nc).flatten(-2)
