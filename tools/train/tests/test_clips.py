"""The generator of clips, the objects that it finds in photographs, and the pool that training draws from."""

import os
import sys
import tempfile
import unittest
from unittest import mock

import cv2
import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
sys.path.insert(0, HERE)

from clips import Pool, TextureBank, make_clip, pool
from clips.motion import there_and_back
from clips.movers import find_chains
from clips.scene import Background
from clips.shares import HELD_OUT, KINDS, LEARNT
from photographs import PHOTOGRAPHS, photographs, write

cv2.setNumThreads(1)


class Generator(unittest.TestCase):
    def setUp(self):
        self.bank = TextureBank(None)

    def test_same_seed_same_clip(self):
        first, second = (make_clip(np.random.default_rng([7, 7]), self.bank, 4, 64) for _ in range(2))
        self.assertTrue(all((a == b).all() for a, b in zip(first, second)))

    def test_kinds_of_objects_keep_their_shares_where_one_is_missing(self):
        rng, count = np.random.default_rng(0), 1_000_000
        for able in (set(KINDS), set(KINDS) - {"mover", "region"}, {"thin"}):
            total = sum(KINDS[kind] for kind in able)
            shares = HELD_OUT.of_kinds(able)
            found = rng.choice(list(shares), count, p=list(shares.values()))
            for kind in KINDS:
                self.assertAlmostEqual(int((found == kind).sum()) / count, KINDS[kind] / total if kind in able else 0, delta=0.002)

    def test_training_draws_more_whole_things_than_what_is_held_out(self):
        for shares in (HELD_OUT, LEARNT):
            self.assertAlmostEqual(sum(shares.kinds.values()), 1)
            self.assertEqual(set(shares.kinds), set(KINDS))
        self.assertGreater(LEARNT.natural_movers, HELD_OUT.natural_movers)
        for kind in ("region", "thin"):
            self.assertLess(LEARNT.kinds[kind], HELD_OUT.kinds[kind])

    def test_objects_start_visible_and_are_sometimes_absent(self):
        absent = []
        for at in range(40):
            images, masks = make_clip(np.random.default_rng([1, at]), self.bank, 8, 64)
            self.assertEqual(images.shape, (8, 64, 64, 3))
            self.assertTrue((masks[:, 0].sum((1, 2)) > 0).all())
            absent += (masks[:, 1:].sum((2, 3)) == 0).flatten().tolist()
        self.assertGreater(np.mean(absent), 0.08)
        self.assertLess(np.mean(absent), 0.35)


class PoolOfClips(unittest.TestCase):
    def test_drawn_objects_show_on_the_first_frame_and_the_pool_survives(self):
        with tempfile.TemporaryDirectory() as folder:
            clips = Pool(TextureBank(None), folder, "p", (1,), 64, 4)
            clips.refill(5)
            self.assertEqual((len(clips), clips.made), (4, 5))
            rng = np.random.default_rng(0)
            for frames, side in ((1, 32), (2, 64), (4, 64), (8, 32)):
                for _ in range(6):
                    images, masks = clips.draw(rng, frames, side, 2)
                    self.assertEqual(images.shape, (frames, side, side, 3))
                    self.assertEqual(masks.shape, (2, frames, side, side))
                    self.assertTrue(masks[:, 0].any((1, 2)).all())
                    self.assertLessEqual(int(masks.max()), 1)
            clips.note()
            again = Pool(TextureBank(None), folder, "p", (1,), 64, 4)
            self.assertEqual(again.made, 5)
            self.assertTrue((again.clips == clips.clips).all())

    def test_the_view_jumps_while_an_object_is_gone_and_its_mask_with_it(self):
        rng = np.random.default_rng(0)
        gone = np.zeros((3, 6), bool)
        gone[1, 2:4] = True
        jumps = [pool._jump(rng, gone) for _ in range(200)]
        self.assertGreater(np.mean([jump in (2, 3) for jump in jumps]), 0.5)
        self.assertEqual(pool._jump(rng, gone[:, :1]), 1)
        clip = np.zeros((6, 64, 64, 4), np.uint8)
        clip[:, 20:30, 4:10] = 200, 200, 200, 1  # at the left of every frame, as bright as it is marked
        for at in range(12):
            images, masks = pool._crop(np.random.default_rng(at), clip, 64, 3)
            for image, mask in zip(images, masks[0]):
                self.assertGreater(((image[..., 0] > 100) == mask).mean(), 0.98)
            middle = [np.nonzero(mask)[1].mean() for mask in (masks[0, 2], masks[0, 3]) if mask.any()]
            if len(middle) == 2:
                self.assertGreater(abs(middle[0] - middle[1]), 16)

    def test_a_view_that_zooms_shows_objects_grow_or_shrink_with_their_masks(self):
        clip = np.zeros((6, 64, 64, 4), np.uint8)
        clip[:, 24:40, 24:40] = 200, 200, 200, 1
        ratios = []
        with mock.patch.object(pool, "ZOOMED", 1):
            for at in range(40):
                images, masks = pool._crop(np.random.default_rng(at), clip, 64, 6)
                for image, mask in zip(images, masks[0]):
                    self.assertGreater(((image[..., 0] > 100) == mask).mean(), 0.98)
                ratios.append(masks[0, 5].sum() / max(1, masks[0, 0].sum()))
        self.assertGreater(max(ratios), 2)
        self.assertLess(min(ratios), 0.6)


class Movers(unittest.TestCase):
    def test_an_object_that_moved_is_found_whole_on_each_photograph(self):
        images, masks = photographs()
        chains = find_chains(10, images)
        chain = max(chains, key=len)
        self.assertGreaterEqual(len(chain), PHOTOGRAPHS - 2)
        self.assertEqual([at for at, *_ in chain], list(range(chain[0][0], chain[0][0] + len(chain))))
        for at, x, y, mask in chain:
            found = np.zeros_like(masks[0])
            found[y:y + mask.shape[0], x:x + mask.shape[1]] = mask
            truth = masks[at - 10]
            self.assertGreater((found & truth).sum() / (found | truth).sum(), 0.8)

    def test_nothing_is_found_where_only_the_camera_moved(self):
        above_its_path = [image[:80] for image in photographs()[0]]
        self.assertEqual(find_chains(0, above_its_path), [])

    def test_photographs_that_share_no_background_give_nothing(self):
        rng = np.random.default_rng(0)
        self.assertEqual(find_chains(0, [rng.integers(0, 255, (80, 120, 3), np.uint8) for _ in range(4)]), [])
        self.assertEqual(find_chains(0, [np.full((80, 120, 3), 90, np.uint8)] * 4), [])

    def test_a_background_plays_them_with_their_masks(self):
        with tempfile.TemporaryDirectory() as folder:
            write(folder)
            cache = os.path.join(folder, "cache")
            bank = TextureBank(folder, "all", cache)
            kept = TextureBank(folder, "all", cache)
        self.assertEqual([len(chain) for chain in kept.chains], [len(chain) for chain in bank.chains])
        self.assertGreater(len(bank.chains), 0)
        rng, playing = np.random.default_rng(0), None
        while playing is None or len(playing.pictures) < 3:
            playing = Background(rng, bank, 64, 6, natural=True, shares=HELD_OUT)
        pictures, masks = zip(*(playing.draw(t, np.eye(3), 16 / 9) for t in range(6)))
        self.assertTrue(all((mask > 0.5).any() for mask in masks))
        middles = [np.nonzero(mask > 0.5)[1].mean() for mask in masks[::playing.hold]]
        self.assertGreater(abs(middles[1] - middles[0]), 2)

    def test_order_of_poses(self):
        self.assertEqual([there_and_back(t, 3) for t in range(7)], [0, 1, 2, 1, 0, 1, 2])
        self.assertEqual([there_and_back(t, 1) for t in range(3)], [0, 0, 0])


if __name__ == "__main__":
    unittest.main()
