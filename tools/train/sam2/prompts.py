"""Prompt encoder: points, boxes as two points, and masks at a quarter of the input size."""

import torch
from torch import nn

from .layers import ChannelNorm
from .positions import FourierFeatures


class PromptEncoder(nn.Module):
    def __init__(self, width, mask_channels=16):
        super().__init__()
        self.pe_layer = FourierFeatures(width)
        self.point_embeddings = nn.ModuleList(nn.Embedding(1, width) for _ in range(4))
        self.not_a_point_embed = nn.Embedding(1, width)
        self.mask_downscaling = nn.Sequential(
            nn.Conv2d(1, mask_channels // 4, 2, 2), ChannelNorm(mask_channels // 4), nn.GELU(),
            nn.Conv2d(mask_channels // 4, mask_channels, 2, 2), ChannelNorm(mask_channels), nn.GELU(),
            nn.Conv2d(mask_channels, width, 1))
        self.no_mask_embed = nn.Embedding(1, width)

    def sparse(self, points_norm, labels, half_pixel):
        """[B, N + 1, C] for N points (shares of the frame) with labels 1, 0, 2 and 3 (box corners), -1 (none).

        A point labelled -1 is appended, as the published model does for calls without a box argument.
        Half a pixel is added to every point, for it means the middle of its pixel.
        """
        points = torch.cat([points_norm, points_norm.new_zeros(points_norm.shape[0], 1, 2)], 1)
        labels = torch.cat([labels, -torch.ones_like(labels[:, :1])], 1)[..., None]
        code = self.pe_layer(points + half_pixel)
        code = torch.where(labels == -1, self.not_a_point_embed.weight.expand_as(code), code)
        for kind, embedding in enumerate(self.point_embeddings):
            code = code + (labels == kind) * embedding.weight
        return code

    def dense(self, masks_b1hw, batch, side):
        """[B, C, side, side] from mask logits, or the learned map that stands for no mask."""
        if masks_b1hw is None:
            return self.no_mask_embed.weight[:, :, None, None].expand(batch, -1, side, side)
        return self.mask_downscaling(masks_b1hw)
