"""Mask decoder: a two-way transformer between prompt tokens and the feature map."""

import torch
from torch import nn
from torch.nn import functional as F

from .layers import Attention, ChannelNorm, Perceptron


class TwoWayLayer(nn.Module):
    def __init__(self, width, heads, hidden, first):
        super().__init__()
        self.first = first
        self.self_attn = Attention(width, heads)
        self.norm1 = nn.LayerNorm(width)
        self.cross_attn_token_to_image = Attention(width, heads, shrink=2)
        self.norm2 = nn.LayerNorm(width)
        self.mlp = Perceptron(width, hidden, width, 2)
        self.norm3 = nn.LayerNorm(width)
        self.norm4 = nn.LayerNorm(width)
        self.cross_attn_image_to_token = Attention(width, heads, shrink=2)

    def forward(self, tokens, pixels, tokens_pe, pixels_pe):
        if self.first:
            tokens = self.self_attn(tokens, tokens, tokens)
        else:
            placed = tokens + tokens_pe
            tokens = tokens + self.self_attn(placed, placed, tokens)
        tokens = self.norm1(tokens)
        keys = pixels + pixels_pe
        tokens = self.norm2(tokens + self.cross_attn_token_to_image(tokens + tokens_pe, keys, pixels))
        tokens = self.norm3(tokens + self.mlp(tokens))
        pixels = self.norm4(pixels + self.cross_attn_image_to_token(keys, tokens + tokens_pe, tokens))
        return tokens, pixels


class TwoWay(nn.Module):
    def __init__(self, width, depth=2, heads=8, hidden=2048):
        super().__init__()
        self.layers = nn.ModuleList(TwoWayLayer(width, heads, hidden, at == 0) for at in range(depth))
        self.final_attn_token_to_image = Attention(width, heads, shrink=2)
        self.norm_final_attn = nn.LayerNorm(width)

    def forward(self, tokens, pixels, pixels_pe):
        tokens_pe = tokens
        for layer in self.layers:
            tokens, pixels = layer(tokens, pixels, tokens_pe, pixels_pe)
        found = self.final_attn_token_to_image(tokens + tokens_pe, pixels + pixels_pe, pixels)
        return self.norm_final_attn(tokens + found), pixels


class MaskDecoder(nn.Module):
    """Four masks (0: single, 1 to 3: multimask), their estimated IoU, tokens, and an object score."""

    def __init__(self, width):
        super().__init__()
        self.transformer = TwoWay(width)
        self.iou_token = nn.Embedding(1, width)
        self.mask_tokens = nn.Embedding(4, width)
        self.obj_score_token = nn.Embedding(1, width)
        self.output_upscaling = nn.Sequential(
            nn.ConvTranspose2d(width, width // 4, 2, 2), ChannelNorm(width // 4), nn.GELU(),
            nn.ConvTranspose2d(width // 4, width // 8, 2, 2), nn.GELU())
        self.conv_s0 = nn.Conv2d(width, width // 8, 1)
        self.conv_s1 = nn.Conv2d(width, width // 4, 1)
        self.output_hypernetworks_mlps = nn.ModuleList(Perceptron(width, width, width // 8, 3) for _ in range(4))
        self.iou_prediction_head = Perceptron(width, 256, 4, 3)
        self.pred_obj_score_head = Perceptron(width, width, 1, 3)

    def forward(self, features, high0, high1, pixels_pe, sparse, dense):
        """features [B, C, h, h]; high0, high1 at 4 and 2 times h; returns logits [B, 4, 4h, 4h],
        IoU [B, 4], tokens [B, 4, C], score [B, 1]."""
        b = features.shape[0]
        own = torch.cat([self.obj_score_token.weight, self.iou_token.weight, self.mask_tokens.weight])
        tokens = torch.cat([own.expand(b, -1, -1), sparse], 1)
        pixels = (features + dense).flatten(2).transpose(1, 2)
        tokens, pixels = self.transformer(tokens, pixels, pixels_pe.flatten(2).transpose(1, 2))
        mask_tokens = tokens[:, 2:6]
        masks = self.render(mask_tokens, pixels, high0, high1)
        iou = self.iou_prediction_head(tokens[:, 1]).sigmoid()
        return masks, iou, mask_tokens, self.pred_obj_score_head(tokens[:, 0])

    def render(self, mask_tokens, pixels, high0, high1):
        """Masks [B, ..., 4, 4h, 4h] from mask tokens [B, ..., 4, C] and the pixels [B, h * h, C] that the transformer leaves."""
        up1, norm, act, up2, _ = self.output_upscaling
        side = high1.shape[-1] // 2
        fine = act(norm(up1(pixels.transpose(1, 2).reshape(-1, pixels.shape[-1], side, side)) + high1))
        fine = F.gelu(up2(fine) + high0)
        kernels = torch.stack([mlp(mask_tokens[..., i, :]) for i, mlp in enumerate(self.output_hypernetworks_mlps)], -2)
        masks = torch.matmul(kernels.flatten(1, -2), fine.flatten(2))
        return masks.view(*mask_tokens.shape[:-1], *fine.shape[2:])
