"""Training passes: a model over images with rounds of clicks, or over clips with memory."""

from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional as F

import prompts
from content import content_terms
from losses import LOSS_SIDE, affinity_loss, presence, shrink_target, step_loss
from sam2.model import NO_OBJECT_LOGIT


@dataclass
class Habits:
    """How a clip is rolled out; probabilities unless noted."""
    balance: float = 1.0        # weight of balanced cross-entropy against focal
    teach: float = 0.0          # memories made from true masks instead of own ones
    corrupt: float = 0.15       # memories made from a damaged mask
    thin_memory: float = 0.25   # steps that drop spatial memories at random, sometimes all of them
    no_pointers: float = 0.1    # steps that drop all pointers
    correct: float = 0.5        # clips with a click on what is wrong on one of the tracked frames
    forgotten: float = 0.3      # objects of such a clip that are treated there as if they had been called absent
    absent_weight: float = 1.0  # of absent objects in the loss of the object score
    content: float = 1.0        # weight of what content.py teaches
    taught_frames: float = 1.0  # share of a clip's frames through which the image encoder is trained


RECALLED = 0.7  # of the image steps and of the clips: masks recalled beside what else is learnt there
DRIFT = 0.3  # weight of the features' squared mean in the loss
AFFINITY = (1.0, 0.5)  # weights of the affinity at strides 16 and 8


def encode(model, pictures):
    """Features of images [B, 3, S, S], or of what the trunk made of them (stages.py)."""
    return model.encode_stages(pictures) if isinstance(pictures, list) else model.encode_images(pictures)


def drift(features):
    """What all places of all pictures have in common, squared.

    When pictures first come into play the decoder does not know them yet, and the quickest way to less loss is to drown
    them in a constant, from which the encoder comes back very slowly.
    """
    return features.mean((0, 2, 3)).pow(2).mean()


def affinity(levels, masks_nktss, rng):
    """Weighted affinity losses of a batch of clips; levels: per frame the encoder's outputs."""
    total = 0.0
    for weight, at in zip(AFFINITY, (0, 2)):
        features = torch.stack([level[at] for level in levels], 2)
        cover = F.adaptive_avg_pool2d(masks_nktss.float().flatten(0, 1), features.shape[-1]).view(
            *masks_nktss.shape[:3], *features.shape[-2:])
        total = total + weight * affinity_loss(features, cover, rng)
    return total


class Tally:
    """Sums the loss and the logs of several decoder calls."""

    def __init__(self):
        self.loss, self.weight, self.logs, self.drift, self.affinity = 0.0, 0.0, [], 0.0, 0.0
        self.content, self.content_log = 0.0, None

    def add(self, loss, log, weight=1.0, kind="track"):
        self.loss = self.loss + weight * loss
        self.weight += weight
        self.logs.append((kind, log))

    def mean(self):
        return self.loss / max(self.weight, 1e-9) + DRIFT * self.drift + self.affinity + self.content


def draw_prompt(rng, kind, masks_bss):
    """Points [B, N, 2] in pixels and labels [B, N] for one kind of prompt over a batch."""
    masks = masks_bss.cpu().numpy()
    if kind == "box":
        points = [prompts.box(rng, mask) for mask in masks]
        labels = [[2, 3]] * len(masks)
    else:
        points = [[prompts.click(rng, mask)] for mask in masks]
        labels = [[1]] * len(masks)
    return (torch.tensor(points, dtype=torch.float32, device=masks_bss.device),
            torch.tensor(labels, device=masks_bss.device))


def choose(raw, multimask):
    """The mask and token that inference would go on with: [B, 1, h, h], [B, C]."""
    masks, iou, tokens, _ = raw
    if not multimask:
        return masks[:, :1], tokens[:, 0]
    best = 1 + iou[:, 1:].argmax(1)
    at = torch.arange(len(best), device=best.device)
    return masks[at, best][:, None], tokens[at, best]


def prompt_rounds(model, rng, encoded, masks_bss, kind, rounds, balance, tally):
    """Decodes a prompt and then clicks on errors; returns the last (raw outputs, multimask), and the first's tokens."""
    features, high0, high1 = encoded
    seen = model.without_memory(features)
    target = shrink_target(masks_bss, LOSS_SIDE * high0.shape[-1])
    here = presence(masks_bss)
    points, labels = draw_prompt(rng, kind, masks_bss)
    previous = None
    for at in range(rounds):
        multimask = labels.shape[1] == 1
        raw = model.decode(seen, high0, high1, points, labels, previous)
        loss, log = step_loss(raw, target, here, multimask, balance)
        tally.add(loss, log, 1.0 if at == 0 else 0.6, kind if at == 0 else "correction")
        first = raw[2] if at == 0 else first
        if at + 1 == rounds:
            return raw, multimask, first
        previous, points, labels = click_on_error(model, rng, choose(raw, multimask)[0], masks_bss, points, labels)


def click_on_error(model, rng, low_b1hw, masks_bss, points, labels):
    """The mask as the decoder is handed it again, and the prompts with one click more, on what is wrong in it."""
    previous = low_b1hw.detach().clamp(-32, 32)
    guess = (model.enlarge(previous)[:, 0] > 0).cpu().numpy()
    new = [prompts.error_click(rng, t, g) for t, g in zip(masks_bss.bool().cpu().numpy(), guess)]
    points = torch.cat([points, points.new_tensor([[point] for point, _ in new])], 1)
    return previous, points, torch.cat([labels, labels.new_tensor([[label] for _, label in new])], 1)


def features_pass(model, rng, pictures, masks_nkss):
    """Before there is a decoder to speak of: the image encoder learns what belongs together."""
    levels = encode(model, pictures)
    tally = Tally()
    tally.drift = drift(levels[0])
    tally.affinity = affinity([levels], masks_nkss[:, :, None], rng)
    return tally


def image_pass(model, rng, pictures, masks_nkss, kind, habits):
    """Several objects of each image, encoded once; clicks or boxes, then up to two clicks on errors.

    Now and then also the pointer path of a mask. Most of the time goes into the pictures, not into rounds on them.
    """
    rounds = int(rng.choice([1, 2, 3], p=[0.55, 0.25, 0.2]))
    count, each = masks_nkss.shape[:2]
    masks = masks_nkss.flatten(0, 1)
    levels = encode(model, pictures)
    encoded = [x.repeat_interleave(each, 0) for x in levels]
    tally = Tally()
    tally.drift = drift(levels[0])
    tally.affinity = affinity([levels], masks_nkss[:, :, None], rng)
    tokens = prompt_rounds(model, rng, encoded, masks, kind, rounds, habits.balance, tally)[2]
    content, tally.content_log = content_terms(model, model.without_memory(levels[0]), *levels[1:], masks_nkss,
                                               tokens.unflatten(0, (count, each)), habits.balance, rng)
    tally.content = habits.content * content
    if rng.random() < RECALLED:
        _recall(model, encoded, masks, encoded, masks, habits.balance, tally)
    return tally


def _mask_path(model, encoded, masks_bss, balance, tally):
    """Pointer of a mask prompt; its decode is taught to give the mask back, and to say "present"."""
    pointer, raw = model.mask_pointer(*encoded, masks_bss[:, None].float())
    target = shrink_target(masks_bss, LOSS_SIDE * encoded[1].shape[-1])
    loss, log = step_loss(raw, target, presence(masks_bss), False, balance)
    tally.add(loss, log, 0.25, "mask")
    return pointer


def _recall(model, from_encoded, from_masks_bss, encoded, masks_bss, balance, tally):
    """A mask on one picture, remembered, is to be found on another one, or given back on the same.

    A picture's features cost many times what a decode on them does: each gives more to learn from this way.
    """
    pointer = _mask_path(model, from_encoded, from_masks_bss, balance, tally)
    ones = torch.ones(len(masks_bss), 1, device=masks_bss.device)
    memory = model.encode_memory(from_encoded[0], from_masks_bss[:, None].float(), ones)
    features, high0, high1 = encoded
    raw = model.decode(model.attend_memory(features, [(memory, model.arch["num_maskmem"] - 1)], [(pointer, 1)]), high0, high1)
    target = shrink_target(masks_bss, LOSS_SIDE * high0.shape[-1])
    loss, log = step_loss(raw, target, presence(masks_bss), True, balance)
    tally.add(loss, log, 0.5, "recall")


def clip_pass(model, rng, pictures, masks_nktss, kind, habits):
    """A prompt on the first frame, then tracking with the memories that inference would have."""
    count, each, frames = masks_nktss.shape[:3]
    masks = masks_nktss.flatten(0, 1)
    encoded = encode_frames(model, rng, pictures, *masks_nktss.shape[0:3:2], habits.taught_frames)
    at_frame = lambda t: [x.repeat_interleave(each, 0) for x in encoded[t]]
    tally = Tally()
    tally.drift = drift(torch.cat([levels[0] for levels in encoded]))
    tally.affinity = affinity(encoded, masks_nktss, rng)
    spatial, pointers = [], []
    first = at_frame(0)
    if kind == "mask":
        pointers.append(_mask_path(model, first, masks[:, 0], habits.balance, tally))
        low = F.interpolate(masks[:, 0][:, None].float(), scale_factor=0.25, mode="area") * 20 - 10
    else:
        raw, multimask, _ = prompt_rounds(model, rng, first, masks[:, 0], kind, 1, habits.balance, tally)
        low, token = choose(raw, multimask)
        pointers.append(model.pointer(token, (raw[3] > 0).float()))
    ones = torch.ones(len(masks), 1, device=masks.device)
    prompted = (model.enlarge(low.detach()) > 0).float()
    if kind != "mask" and rng.random() < habits.teach:
        prompted = masks[:, 0][:, None].float()
    spatial.append(model.encode_memory(first[0], prompted, ones))
    looked_at = int(rng.integers(1, frames))  # one frame of each clip teaches what tokens carry
    corrected = int(rng.integers(1, frames)) if rng.random() < habits.correct else 0
    for t in range(1, frames):
        features, high0, high1 = at_frame(t)
        conditioning = [0, corrected] if 0 < corrected < t else [0]
        seen = model.attend_memory(features, *pick_memories(rng, t, conditioning, spatial, pointers, model, habits))
        raw = model.decode(seen, high0, high1)
        target = shrink_target(masks[:, t], LOSS_SIDE * high0.shape[-1])
        here = presence(masks[:, t])
        loss, log = step_loss(raw, target, here, True, habits.balance, habits.absent_weight)
        tally.add(loss, log)
        if t == looked_at:
            content, tally.content_log = content_terms(model, seen, high0, high1, masks[:, t][:, None], raw[2][:, None],
                                                       habits.balance, rng)
            tally.content = habits.content * content
        multimask = True
        if t == corrected:
            raw, multimask = _correct(model, rng, (seen, high0, high1), raw, masks[:, t], habits, tally)
        if t + 1 < frames:
            low, token = choose(raw, multimask)
            present = (raw[3] > 0).float()
            shown = (model.enlarge(low) > 0).float() if t == corrected else model.enlarge(low).sigmoid()
            own = shown * present[..., None, None]
            taught = torch.tensor(rng.random(len(masks)) < habits.teach, device=masks.device).float()[:, None]
            present = taught * (here[:, None] > 0.25).float() + (1 - taught) * present
            mask = taught[..., None, None] * masks[:, t][:, None].float() + (1 - taught)[..., None, None] * own
            mask = damage(rng, mask, habits.corrupt)
            spatial.append(model.encode_memory(features, mask, present))
            pointers.append(model.pointer(token, present))
    if rng.random() < RECALLED:
        one, other = rng.integers(frames), rng.integers(frames)
        _recall(model, at_frame(one), masks[:, one], at_frame(other), masks[:, other], habits.balance, tally)
    return tally


def _correct(model, rng, conditioned, raw, masks_bss, habits, tally):
    """One or two clicks on what is wrong on a tracked frame: (raw outputs, multimask) of the last.

    The decoder gets what the predictor hands it: features that memory has conditioned, and the tracked mask, which shows
    nothing wherever the object was called absent. Where it is called so wrongly is rare and what a person corrects most:
    some objects are treated as if (`habits.forgotten`).
    """
    seen, high0, high1 = conditioned
    target = shrink_target(masks_bss, LOSS_SIDE * high0.shape[-1])
    here = presence(masks_bss)
    points, labels = seen.new_zeros(len(seen), 0, 2), torch.zeros(len(seen), 0, dtype=torch.int64, device=seen.device)
    multimask = True
    called = (raw[3] > 0) & torch.from_numpy(rng.random((len(seen), 1)) >= habits.forgotten).to(seen.device)
    for _ in range(int(rng.integers(1, 3))):
        low, _ = choose(raw, multimask)
        low = torch.where(called[..., None, None], low, low.new_tensor(NO_OBJECT_LOGIT))
        previous, points, labels = click_on_error(model, rng, low, masks_bss, points, labels)
        multimask = labels.shape[1] == 1
        raw = model.decode(seen, high0, high1, points, labels, previous)
        called = raw[3] > 0
        loss, log = step_loss(raw, target, here, multimask, habits.balance, habits.absent_weight)
        tally.add(loss, log, 0.6, "correction in a clip")
    return raw, multimask


def encode_frames(model, rng, pictures, count, frames, taught):
    """Features of each frame of clips (encode, with a dimension of frames); only a random share of the frames, at least
    one, carries gradients."""
    order = rng.permutation(frames)
    some = max(1, round(taught * frames))
    out = [None] * frames
    for group, learn in ((order[:some], True), (order[some:], False)):
        if len(group):
            with torch.set_grad_enabled(learn and torch.is_grad_enabled()):
                levels = encode(model, of_frames(pictures, group.tolist()))
            levels = [level.view(count, len(group), *level.shape[1:]) for level in levels]
            for at, t in enumerate(group):
                out[t] = [level[:, at] for level in levels]
    return out


def of_frames(pictures, frames):
    """Of clips, in one batch."""
    take = lambda part: part[:, frames].flatten(0, 1)
    return [take(stage) for stage in pictures] if isinstance(pictures, list) else take(pictures)


def pick_memories(rng, t, conditioning, spatial, pointers, model, habits):
    """Memories of frame t in inference's order and rows, some of them dropped. conditioning: the prompted frames before it."""
    rows = model.arch["num_maskmem"]
    chosen = [(spatial[at], rows - 1) for at in conditioning]
    chosen += [(spatial[t - back], back - 1) for back in range(min(rows - 1, t), 0, -1) if t - back not in conditioning]
    kept = [(pointers[at], t - at) for at in conditioning]
    kept += [(pointers[t - back], back) for back in range(1, t) if t - back not in conditioning]
    if rng.random() < habits.thin_memory:
        draw = rng.random()
        if draw < 0.35:
            chosen = []
        elif draw < 0.6:
            chosen = chosen[1:] or chosen
        else:
            chosen = [m for m in chosen if rng.random() < 0.5] or chosen[:1]
    elif rng.random() < habits.no_pointers:
        kept = []
    return chosen, kept


def damage(rng, masks_b1ss, share):
    """Moves, cuts or extends some masks, as a tracker that drifts would."""
    if share <= 0:
        return masks_b1ss
    side = masks_b1ss.shape[-1]
    out = []
    for at, mask in enumerate(masks_b1ss):
        if rng.random() < share:
            draw = rng.random()
            if draw < 0.35:
                shift = rng.integers(-side // 12, side // 12 + 1, 2)
                mask = torch.roll(mask, tuple(int(s) for s in shift), (1, 2))
            elif draw < 0.65:
                keep = torch.ones_like(mask)
                ys, xs = torch.nonzero(mask[0] > 0.5, as_tuple=True)
                if len(ys):
                    pick = int(rng.integers(len(ys)))
                    r = int(rng.integers(side // 20, side // 6))
                    y, x = int(ys[pick]), int(xs[pick])
                    keep[:, max(0, y - r):y + r, max(0, x - r):x + r] = 0
                mask = mask * keep
            elif draw < 0.85:
                other = masks_b1ss[int(rng.integers(len(masks_b1ss)))].detach()
                mask = torch.maximum(mask, other)
            else:
                grown = F.max_pool2d(mask[None], 9, 1, 4)[0] if rng.random() < 0.5 else -F.max_pool2d(-mask[None], 9, 1, 4)[0]
                mask = grown
        out.append(mask)
    return torch.stack(out)


def geometry_pass(model, rng, encoded, kind, radius=0.11):
    """Before pictures mean anything: a click means a disc around it, a box means its inside.

    Positions are shares of the frame, so what is learnt on small maps holds on large ones.
    """
    features, high0, high1 = encoded
    batch, side, device = features.shape[0], model.input_px, features.device
    cells = LOSS_SIDE * high0.shape[-1]
    y, x = (np.mgrid[0:cells, 0:cells] + 0.5) * (side / cells)
    if kind == "click":
        points = rng.uniform(0, side, (batch, 1, 2))
        masks = [(x - p[0, 0]) ** 2 + (y - p[0, 1]) ** 2 < (radius * side) ** 2 for p in points]
        labels = np.ones((batch, 1), np.int64)
    else:
        size = rng.uniform(0.08 * side, 0.7 * side, (batch, 2))
        low = rng.uniform(0, 1, (batch, 2)) * (side - size)
        points = np.stack([low, low + size], 1)
        masks = [(x > p[0, 0]) & (x < p[1, 0]) & (y > p[0, 1]) & (y < p[1, 1]) for p in points]
        labels = np.tile([2, 3], (batch, 1))
    target = torch.tensor(np.stack(masks), device=device).float()
    raw = model.decode(model.without_memory(features), high0, high1,
                       torch.tensor(points, dtype=torch.float32, device=device), torch.tensor(labels, device=device))
    tally = Tally()
    tally.add(*step_loss(raw, target, torch.ones(batch, device=device), kind == "click", 1.0), kind=kind)
    return tally
