"""Teaches mask tokens to carry what their object looks like, and the decoder to find an object by that."""

import torch
from torch.nn import functional as F

from losses import mask_terms, shrink_target

TO_TOKENS = 3.0  # weight of the tokens' distance from the object's content against the loss of the masks


def content_terms(model, features, high0, high1, masks_nkss, tokens_nk4c, balance, rng):
    """Loss, and a log {iou, distance}, for k objects on each of n feature maps, as the decoder receives them.

    An object's content is the mean of the feature map over it, or at one of its places. Two things are taught: the kernels
    made from that content alone, without a prompt, give the object's mask; and the mask tokens that the decoder made from a
    prompt or from memory are that content. Left to itself the decoder learns neither for thousands of steps: it draws a disc around
    the click, whatever the picture shows.
    """
    decoder, (count, each) = model.sam_mask_decoder, masks_nkss.shape[:2]
    transformer = decoder.transformer
    pixels = transformer.layers[-1].norm4(features.flatten(2).transpose(1, 2))
    cover = F.adaptive_avg_pool2d(masks_nkss.float(), features.shape[-1]).flatten(2)
    shown = (cover.amax(2) > 0.3).float()
    mean = cover / cover.sum(2, keepdim=True).clamp(min=1e-6)
    of_mean = content = transformer.norm_final_attn(mean @ pixels)
    if rng.random() < 0.5:
        generator = torch.Generator(cover.device).manual_seed(int(rng.integers(2 ** 31)))
        place = torch.multinomial((cover + 1e-6).square().flatten(0, 1), 1, generator=generator).view(count, each, 1)
        content = transformer.norm_final_attn(torch.zeros_like(cover).scatter_(2, place, 1.0) @ pixels)
    masks = decoder.render(content[:, :, None].expand(-1, -1, 4, -1), pixels, high0, high1)
    target = shrink_target(masks_nkss.flatten(0, 1), masks.shape[-1])
    balanced, focal, dice, iou = mask_terms(masks.flatten(0, 1), target)
    weight = (shown / shown.sum().clamp(min=1)).flatten()
    loss = ((balance * balanced + (1 - balance) * 20 * focal + dice).mean(1) * weight).sum()
    distance = ((tokens_nk4c.mean(2) - of_mean.detach()).square().mean(2).flatten() * weight).sum()
    return loss + TO_TOKENS * distance, {"iou": float((iou.mean(1) * weight).sum()), "distance": float(distance)}
