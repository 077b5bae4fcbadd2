"""Losses on the decoder's raw outputs (before any gate), per object."""

import torch
from torch.nn import functional as F

CHOICE = 0.1   # temperature at which IoU estimates choose among the three masks in the loss
LOSS_SIDE = 1  # masks are compared at this multiple of the decoder's resolution


def shrink_target(masks_bss, side):
    """Share of each cell that the mask covers, [B, side, side]."""
    return F.adaptive_avg_pool2d(masks_bss[:, None].float(), side)[:, 0]


def mask_terms(logits_bmhw, target_bhw):
    """(balanced cross-entropy, focal, dice, IoU at threshold 0) for each of M masks, each [B, M].

    Balanced: foreground and background are averaged apart, so small objects pull as hard as large ones.
    """
    side = target_bhw.shape[-1]
    logits = F.interpolate(logits_bmhw, size=(side, side), mode="bilinear", align_corners=False).flatten(2)
    target = target_bhw.flatten(1)[:, None]
    p = logits.sigmoid()
    entropy = F.softplus(logits) - logits * target
    inside, outside = target.sum(2).clamp(min=1), (1 - target).sum(2).clamp(min=1)
    balanced = ((entropy * target).sum(2) / inside + (entropy * (1 - target)).sum(2) / outside) / 2
    missed = target * (1 - p) + (1 - target) * p
    focal = (missed ** 2 * entropy * (0.25 * target + 0.75 * (1 - target))).mean(2)
    dice = 1 - (2 * (p * target).sum(2) + 1) / (p.sum(2) + target.sum(2) + 1)
    with torch.no_grad():
        guess, truth = logits > 0, target > 0.5
        both = (guess & truth).sum(2).float()
        iou = both / (guess | truth).sum(2).clamp(min=1)
    return balanced, focal, dice, iou


def step_loss(raw, target_bhw, present_b, multimask, balance, absent_weight=1.0):
    """Loss of one decoder call, and what to log.

    present_b: 1 where the object is visible, 0 where not, between them no verdict on presence.
    balance: 1 for balanced cross-entropy + dice, 0 for 20 x focal + dice; between them a mixture.
    absent_weight: of an absent object against a visible one in the loss of the object score.
    """
    masks, iou_guess, _, score = raw
    balanced, focal, dice, iou = mask_terms(masks, target_bhw)
    each = balance * balanced + (1 - balance) * 20 * focal + dice
    seen = (present_b > 0.5).float()
    weight = seen / seen.sum().clamp(min=1)
    iou_each = (iou_guess - iou).abs()
    if multimask:
        best = each[:, 1:].argmin(1, keepdim=True)
        mask_loss = each[:, 1:].gather(1, best)[:, 0] + 0.25 * each[:, 0]
        # What the chosen mask lacks against the best: small errors of the estimates, all that L1 sees, can turn the order round.
        regret = iou[:, 1:].amax(1, keepdim=True) - iou[:, 1:]
        choice = ((iou_guess[:, 1:] / CHOICE).softmax(1) * regret).sum(1)
        iou_loss = iou_each[:, 1:].mean(1) + 0.25 * iou_each[:, 0] + choice
        chosen = iou_guess[:, 1:].argmax(1, keepdim=True) + 1
    else:
        mask_loss, iou_loss = each[:, 0], iou_each[:, 0]
        chosen = torch.zeros_like(iou_guess[:, :1], dtype=torch.int64)
    clear = ((present_b < 0.01) | (present_b > 0.99)).float()
    score_each = F.binary_cross_entropy_with_logits(score[:, 0], seen, reduction="none")
    score_weight = clear * (seen + absent_weight * (1 - seen))
    score_loss = (score_each * score_weight).sum() / clear.sum().clamp(min=1)
    total = (mask_loss * weight).sum() + (iou_loss * weight).sum() + score_loss
    with torch.no_grad():
        hit = ((score[:, 0] > 0).float() == seen).float() * clear
        log = {"iou": float((iou.gather(1, chosen)[:, 0] * weight).sum()), "seen": float(seen.sum() > 0),
               "score_hit": float(hit.sum()), "score_count": float(clear.sum()),
               "absent_hit": float((hit * (1 - seen)).sum()), "absent_count": float((clear * (1 - seen)).sum())}
    return total, log


ANCHORS = 8        # places of each object from which its features are compared with all others
STEEP, EVEN = 10.0, 0.5  # logit of a pair of places: STEEP x (cosine of their features - EVEN)


def affinity_loss(features_bcthw, cover_bkthw, rng):
    """Places of one object should have like features, and unlike those of the rest, also between frames.

    As if each object had been clicked at ANCHORS places and the mask were the cosine to the feature there: a clip teaches the
    image encoder far more this way than through the decoder's few masks, and nothing is added to the network.
    cover: share of each cell that the object covers.
    """
    features = F.normalize(features_bcthw.flatten(2), dim=1)
    cover = cover_bkthw.flatten(2)
    batch, objects, cells = cover.shape
    inside = (cover > 0.6).float()
    able = inside.sum(2) > 0
    if not able.any():
        return features.sum() * 0
    weights = (inside + (~able).float()[..., None]).flatten(0, 1)
    seed = int(rng.integers(2 ** 31))
    anchors = torch.multinomial(weights, ANCHORS, True, generator=torch.Generator(weights.device).manual_seed(seed))
    anchors = anchors.view(batch, 1, objects * ANCHORS).expand(-1, features.shape[1], -1)
    logits = STEEP * (features.gather(2, anchors).transpose(1, 2) @ features - EVEN)
    target = cover.repeat_interleave(ANCHORS, 1)
    p, entropy = logits.sigmoid(), F.softplus(logits) - logits * target
    balanced = ((entropy * target).sum(2) / target.sum(2).clamp(min=1)
                + (entropy * (1 - target)).sum(2) / (1 - target).sum(2).clamp(min=1)) / 2
    dice = 1 - (2 * (p * target).sum(2) + 1) / (p.sum(2) + target.sum(2) + 1)
    weight = able.float().repeat_interleave(ANCHORS, 1)
    return ((balanced + dice) * weight).sum() / weight.sum()


CERTAIN = 24 / 256 ** 2  # share of the frame from which on an object counts as visible


def presence(masks_bss):
    """1 for a visible object, 0 for an absent one, 0.5 for a sliver too small to judge."""
    area = masks_bss.flatten(1).float().mean(1)
    return torch.where(area >= CERTAIN, 1.0, torch.where(area == 0, 0.0, 0.5))
