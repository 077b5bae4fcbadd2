"""Whole objects in photographs, found by their having moved: nobody marks them, and what moves together is one object.

A region of one colour is a shirt; what moved is the person who wears it, limbs and all. The other photographs of the same clip are laid
over each one by the background that they share; what differs from all of them has moved. GrabCut finds its border.
"""

import cv2
import numpy as np

REACH = 3                 # photographs before and after that are compared
FEWEST_MATCHES = 12       # of keypoints, for an alignment to be believed
SMALLEST, LARGEST = 0.003, 0.35  # of the photograph
DIFFERENT = 10.0          # levels of 255: less is noise
ALIKE = 0.6               # share of the object that moved, and of what moved that is in the object
CUT_OFF, EDGE = 0.2, 15.0  # share of the border on the photograph's rim at most; colour step across the rest at least
SAME = 0.5                # likeness of two histograms of colour, for one object on two photographs


def find_chains(first, images):
    """Moving objects of one clip's photographs (RGB uint8, all of one size) as chains: lists of (index, x, y, mask) of one object on
    photographs in order, whose indices count from `first`. The same shape as textures.find_regions gives."""
    finder = cv2.SIFT_create(1500)
    keypoints = [finder.detectAndCompute(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), None) for image in images]
    chains, open_chains = [], []
    for t, image in enumerate(images):
        moved = moved_by(images, keypoints, t)
        found = [] if moved is None else [cut_out(mask, first + t) for mask in moving_masks(image, moved)]
        going_on = []
        for region in found:
            looks = looks_of(image, region)
            chain = next((c for c, before in open_chains if same(before, looks, c[-1], region)), None)
            open_chains = [(c, before) for c, before in open_chains if c is not chain]
            if chain is None:
                chain = []
                chains.append(chain)
            chain.append(region)
            going_on.append((chain, looks))
        open_chains = going_on
    return chains


def align(keypoints, others):
    """Homography that lays one photograph over another by their background, or None where too little fits."""
    (points, features), (other_points, other_features) = keypoints, others
    if min(len(points), len(other_points)) < FEWEST_MATCHES:
        return None
    pairs = cv2.BFMatcher().knnMatch(other_features, features, k=2)
    good = [pair[0] for pair in pairs if len(pair) == 2 and pair[0].distance < 0.75 * pair[1].distance]
    if len(good) < FEWEST_MATCHES:
        return None
    source = np.float32([other_points[match.queryIdx].pt for match in good])
    target = np.float32([points[match.trainIdx].pt for match in good])
    matrix, fits = cv2.findHomography(source, target, cv2.RANSAC, 2.0)
    return None if matrix is None or fits.sum() < FEWEST_MATCHES or fits.mean() < 0.3 else matrix


def moved_by(images, keypoints, t):
    """How far each pixel's colour is from what all other photographs show there (levels of 255), or None for want of others."""
    image = images[t].astype(np.float32)
    high, wide = image.shape[:2]
    distances = []
    for other in range(max(0, t - REACH), min(len(images), t + REACH + 1)):
        matrix = None if other == t else align(keypoints[t], keypoints[other])
        if matrix is None:
            continue
        laid = cv2.warpPerspective(images[other], matrix, (wide, high)).astype(np.float32)
        covered = cv2.warpPerspective(np.ones((high, wide), np.uint8), matrix, (wide, high), flags=cv2.INTER_NEAREST)
        if covered.mean() < 0.4:
            continue
        # To the nearest colour within two pixels, for alignments are not exact.
        low, top = cv2.erode(laid, np.ones((5, 5))), cv2.dilate(laid, np.ones((5, 5)))
        distance = np.maximum(np.maximum(low - image, image - top), 0).max(2)
        distances.append(np.where(covered, distance, np.nan))
    if len(distances) < 2:
        return None
    ordered = np.sort(np.stack(distances), 0)
    return np.nan_to_num(ordered[1 if len(distances) >= 4 else 0])


def moving_masks(image, moved):
    """Masks of what moved, each of one piece, with borders where the colours change."""
    high, wide = moved.shape
    moved = cv2.GaussianBlur(moved.astype(np.float32), (0, 0), 1.5)
    threshold = max(DIFFERENT, np.percentile(moved, 60) * 3)
    seed = cv2.morphologyEx((moved > threshold).astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3)))
    seed = cv2.morphologyEx(seed, cv2.MORPH_CLOSE, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (13, 13)))
    count, labels, boxes, _ = cv2.connectedComponentsWithStats(seed)
    found = []
    for at in range(1, count):
        if not SMALLEST < boxes[at, cv2.CC_STAT_AREA] / (high * wide) < LARGEST:
            continue
        mask = refine(image, (labels == at).astype(np.uint8), moved > 1.5 * threshold, boxes[at])
        area = mask.sum()
        both = (mask & (labels == at)).sum()
        if SMALLEST < area / (high * wide) < LARGEST and both > ALIKE * area and both > ALIKE * (labels == at).sum() \
                and stands_out(image, mask):
            found.append(mask)
    return found


def refine(image, seed, certain, box):
    """GrabCut around a piece of what moved; the largest piece of what it gives."""
    near = cv2.dilate(seed, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (25, 25)))
    guess = np.where(near > 0, cv2.GC_PR_BGD, cv2.GC_BGD).astype(np.uint8)
    guess[seed > 0] = cv2.GC_PR_FGD
    core = (cv2.erode(seed, np.ones((5, 5))) > 0) & certain
    mask = np.zeros_like(seed)
    if core.sum() < 20:
        return mask
    guess[core] = cv2.GC_FGD
    x, y, wide, high = box[:4]
    window = (slice(max(0, y - 40), y + high + 40), slice(max(0, x - 40), x + wide + 40))
    part = np.ascontiguousarray(guess[window])
    cv2.setRNGSeed(1)
    cv2.grabCut(np.ascontiguousarray(image[window]), part, None, np.zeros((1, 65)), np.zeros((1, 65)), 4, cv2.GC_INIT_WITH_MASK)
    mask[window] = (part == cv2.GC_FGD) | (part == cv2.GC_PR_FGD)
    mask = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((2, 2)))
    count, labels, boxes, _ = cv2.connectedComponentsWithStats(mask)
    if count > 1:
        mask = (labels == 1 + boxes[1:, cv2.CC_STAT_AREA].argmax()).astype(np.uint8)
    return cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((3, 3)))


def stands_out(image, mask):
    """Whether the colours change along the border, and little of it is the photograph's rim."""
    outline, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    points = max(outline, key=len)[:, 0]
    high, wide = mask.shape
    on_rim = (points == 0).any(1) | (points[:, 0] == wide - 1) | (points[:, 1] == high - 1)
    if on_rim.mean() > CUT_OFF:
        return False
    side = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (11, 11)).astype(np.float32)
    inside, outside = mask.astype(np.float32), (1 - mask).astype(np.float32)
    mean = lambda share: cv2.filter2D(image * share[..., None], -1, side) / (cv2.filter2D(share, -1, side) + 1e-3)[..., None]
    step = np.abs(mean(inside) - mean(outside)).max(2)
    return np.median(step[points[:, 1], points[:, 0]][~on_rim]) > EDGE


def cut_out(mask, index):
    ys, xs = np.nonzero(mask)
    y, x = ys.min(), xs.min()
    return index, int(x), int(y), mask[y:ys.max() + 1, x:xs.max() + 1].astype(np.uint8)


def looks_of(image, region):
    """Histogram of an object's colours, 6 levels of each channel, that sums to 1."""
    _, x, y, mask = region
    part = image[y:y + mask.shape[0], x:x + mask.shape[1]]
    histogram = cv2.calcHist([part], [0, 1, 2], mask, [6] * 3, [0, 256] * 3)
    return histogram / histogram.sum()


def same(before, after, region_before, region_after):
    size = region_after[3].sum() / region_before[3].sum()
    return 0.5 < size < 2 and np.minimum(before, after).sum() > SAME
