"""Trains a few steps of a tiny model and checks the machinery around it."""

import argparse
import dataclasses
import json
import os
import sys
import tempfile
import unittest
from unittest import mock

import cv2
import numpy as np
import torch
from torch.nn import functional as F

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
sys.path.insert(0, HERE)

import evaluate
import export
import grow
import rollout
import schedule
import train
from calibrate import centre, whiten
from clips import Pool, TextureBank, make_clip
from content import content_terms
from flat import Flat, orthogonal
from losses import affinity_loss, step_loss
from prompts import centre_click
from rollout import clip_pass, damage, draw_prompt, features_pass, geometry_pass, image_pass
from sam2 import Sam2
from stages import StageStore
from tiny import TINY
from tracker import Tracker, normalise

SHIPPED = os.path.join(HERE, *[os.pardir] * 3, "models", "nano")

torch.set_num_threads(1)
cv2.setNumThreads(1)


def options(folder, **changes):
    architecture = os.path.join(folder, "tiny.json")
    with open(architecture, "w") as file:
        json.dump(TINY, file)
    values = dict(out=folder, hours=1.0, steps=40, max_steps=0, resume=False, start_from=None, begin_with=None, enter=None, cool=False, hold_trunk=0,
                  seed=3, processes=1, threads=1, device="cpu", textures=None, architecture=architecture,
                  eval_clips=1, eval_frames=4, pool=6, pool_px=64, rate=schedule.RATE)
    return argparse.Namespace(**{**values, **changes})


def short_phases():
    return [dataclasses.replace(p, steps=p.steps and 6, mix=tuple((f, 2, s) for f, _, s in p.mix)) for p in schedule.PHASES]


class Stages(unittest.TestCase):
    def test_a_held_trunk_gives_the_features_of_the_pictures_and_learns_nothing(self):
        torch.manual_seed(0)
        model, rng = Sam2(TINY), np.random.default_rng(0)
        with tempfile.TemporaryDirectory() as folder:
            pool = Pool(TextureBank(None), folder, "p", (1,), 64, 2)
            pool.refill(2)
            drawn = []
            draw = pool.draw
            pool.draw = lambda *args: drawn.append(draw(*args)) or drawn[-1]
            store = StageStore(model.image_encoder.trunk, pool, rng, 1, 64, 0.5)
        images, masks = drawn[0]
        stages, kept = store.clips[0]
        whole = [stage.float() for stage in stages]
        for ours, theirs in zip(model.encode_stages(whole), model.encode_images(normalise(images))):
            self.assertLess((ours - theirs).abs().max().item(), 0.02)
        self.assertTrue((kept.numpy() == masks).all())
        for frames in (1, 4, 8, 12):
            stages, masks = store.batch(rng, frames, 2, 3)
            self.assertEqual(masks.shape, (2, 3, frames, 64, 64))
            self.assertEqual([tuple(stage.shape[:2]) for stage in stages], [(2, frames)] * 4)
            self.assertTrue(masks[:, :, 0].flatten(2).any(2).all())
        stages, masks = store.batch(rng, 4, 2, 2)
        clip_pass(model, rng, stages, masks, "mask", schedule.Habits()).mean().backward()
        self.assertTrue(all(p.grad is None for p in model.image_encoder.trunk.parameters()))
        self.assertTrue(all(p.grad.any() for p in model.image_encoder.neck.parameters()))


class Memories(unittest.TestCase):
    def test_damage_keeps_shape_and_range(self):
        masks = torch.rand(6, 1, 64, 64)
        out = damage(np.random.default_rng(0), masks, 1.0)
        self.assertEqual(out.shape, masks.shape)
        self.assertTrue(float(out.min()) >= 0 and float(out.max()) <= 1)

    def test_prompted_frames_come_first_and_once(self):
        model, rng = Sam2(TINY), np.random.default_rng(0)
        habits = rollout.Habits(thin_memory=0, no_pointers=0)
        rows = TINY["num_maskmem"]
        spatial, pointers = rollout.pick_memories(rng, 5, [0, 3], list("abcde"), list("ABCDE"), model, habits)
        self.assertEqual(spatial[:2], [("a", rows - 1), ("d", rows - 1)])
        self.assertEqual(spatial[2:], [(m, 4 - "abcde".index(m)) for m in "bce" if 5 - "abcde".index(m) < rows])
        self.assertEqual(pointers, [("A", 5), ("D", 2), ("E", 1), ("C", 3), ("B", 4)])

    def test_a_correction_is_given_the_mask_that_shows_nothing_where_the_object_was_called_absent(self):
        torch.manual_seed(0)
        model, rng = Sam2(TINY), np.random.default_rng(0)
        images, masks = make_clip(rng, TextureBank(None), 2, 64, 2)
        given = []
        decode = model.decode
        model.decode = lambda *args: given.append(args[3:]) or decode(*args)
        encoded = [x[:1].expand(2, -1, -1, -1) for x in model.encode_images(normalise(images))]
        raw = list(decode(*encoded))
        raw[3] = torch.tensor([[1.0], [-1.0]])
        tally = rollout.Tally()
        rollout._correct(model, rng, encoded, raw, torch.from_numpy(masks[:, 0]), rollout.Habits(forgotten=0), tally)
        points, labels, previous = given[0]
        self.assertEqual((tuple(points.shape), tuple(labels.shape)), ((2, 1, 2), (2, 1)))
        self.assertTrue((previous[1] == -32).all() and not (previous[0] == -32).all())
        x, y = points[1, 0].int().tolist()
        self.assertEqual((int(labels[1]), int(masks[1, 0, y, x])), (1, 1))
        tally.mean().backward()
        self.assertTrue(model.sam_prompt_encoder.mask_downscaling[0].weight.grad.any())


class Schedule(unittest.TestCase):
    def test_last_phase_is_open_and_a_cooled_rate_ends_low(self):
        # A phase after the open one is only entered by name.
        self.assertEqual([phase.steps == 0 for phase in schedule.PHASES],
                         [False] * (len(schedule.PHASES) - 2) + [True, True])
        for phase in schedule.PHASES:
            self.assertAlmostEqual(sum(part[-1] for part in phase.mix), 1.0)
        self.assertEqual(schedule.learning_rate(10 ** 6), schedule.RATE)
        self.assertLess(schedule.learning_rate(10 ** 6, 1.0), schedule.RATE / 50)


class Calibration(unittest.TestCase):
    def test_features_have_mean_zero_and_many_directions(self):
        torch.manual_seed(0)
        model, rng = Sam2(TINY), np.random.default_rng(0)
        images = torch.stack([normalise(make_clip(rng, TextureBank(None), 1, 64)[0][0]) for _ in range(16)])
        directions = []
        for calibrated in (False, True):
            if calibrated:
                centre(model.image_encoder.trunk, images)
                whiten(model.image_encoder, images)
            with torch.no_grad():
                features = model.encode_images(images)[0].transpose(0, 1).flatten(1)
            share = torch.linalg.svdvals(features - features.mean(1, keepdim=True)) ** 2
            share = share / share.sum()
            directions.append(float(torch.exp(-(share * share.clamp(min=1e-12).log()).sum())))
        self.assertLess(features.mean(1).abs().max().item(), 1e-3)
        self.assertGreater(directions[1], 2 * directions[0])


class Affinity(unittest.TestCase):
    def setUp(self):
        self.rng = np.random.default_rng(0)
        self.cover = torch.zeros(1, 2, 1, 6, 6)
        self.cover[0, 0, 0, :3, :3] = 1  # the second object shows nowhere and must not count

    def test_features_that_follow_the_object_cost_least(self):
        own = torch.stack([self.cover[:, 0], 1 - self.cover[:, 0]], 1)
        same = torch.ones(1, 2, 1, 6, 6)
        self.assertLess(float(affinity_loss(own, self.cover, self.rng)), 0.05)
        self.assertGreater(float(affinity_loss(same, self.cover, self.rng)), 1.0)

    def test_nothing_to_compare_costs_nothing(self):
        features = torch.randn(1, 2, 1, 6, 6, requires_grad=True)
        loss = affinity_loss(features, self.cover * 0, self.rng)
        loss.backward()
        self.assertEqual(float(loss), 0)

    def test_training_lowers_it(self):
        torch.manual_seed(0)
        model = Sam2(TINY)
        flat = Flat(model)
        images, masks = make_clip(self.rng, TextureBank(None), 1, 64)
        images, masks, losses = normalise(images), torch.from_numpy(masks)[None, :, 0], []
        for _ in range(25):
            flat.zero()
            tally = features_pass(model, self.rng, images, masks)
            tally.mean().backward()
            flat.step(1e-3)
            losses.append(float(tally.affinity))
        self.assertLess(np.mean(losses[-5:]), 0.7 * np.mean(losses[:5]))


class Estimates(unittest.TestCase):
    def test_of_two_estimates_equally_far_off_the_one_that_chooses_the_better_mask_costs_less(self):
        target = torch.zeros(1, 8, 8)
        target[:, :, :4] = 1
        masks = torch.full((1, 4, 8, 8), -5.0)
        masks[:, 1, :, :4], masks[:, 2, :, :3], masks[:, 3, :, :2] = 5.0, 5.0, 5.0  # IoU 1, 0.75, 0.5
        cost = lambda *guess: float(step_loss((masks, torch.tensor([[0.0, *guess]]), None, torch.zeros(1, 1)), target, torch.ones(1),
                                              True, 0.0)[0])
        self.assertLess(cost(1.13, 0.62, 0.5), cost(0.87, 0.88, 0.5) - 0.01)


class Content(unittest.TestCase):
    def test_tokens_come_to_carry_what_the_object_looks_like(self):
        torch.manual_seed(0)
        rng, model = np.random.default_rng(0), Sam2(TINY)
        flat, width = Flat(model), TINY["d_model"]
        masks = torch.zeros(4, 2, 64, 64)
        masks[:, 0, :32, :32] = masks[:, 1, 32:, 16:48] = 1
        looks = torch.randn(4, 3, width)
        labels = (masks[:, 0] + 2 * masks[:, 1]).long()
        picture = looks.gather(1, labels.flatten(1)[..., None].expand(-1, -1, width)).transpose(1, 2).view(4, width, 64, 64)
        features, shown = F.avg_pool2d(picture, 16), masks.flatten(0, 1)
        high0, high1 = F.avg_pool2d(picture[:, :width // 8], 4), F.avg_pool2d(picture[:, :width // 4], 8)
        losses, distances = [], []
        for _ in range(40):
            flat.zero()
            prompted = [x.repeat_interleave(2, 0) for x in (features, high0, high1)]
            points, kinds = draw_prompt(rng, "click", shown)
            tokens = model.decode(*prompted, points, kinds)[2].unflatten(0, (4, 2))
            loss, log = content_terms(model, features, high0, high1, masks, tokens, 0.5, rng)
            loss.backward()
            flat.step(1e-3)
            losses.append(float(loss))
            distances.append(log["distance"])
        self.assertLess(np.mean(losses[-5:]), 0.8 * np.mean(losses[:5]))
        self.assertLess(np.mean(distances[-5:]), 0.8 * np.mean(distances[:5]))


class Optimiser(unittest.TestCase):
    def test_steps_of_matrices_are_nearly_orthogonal(self):
        torch.manual_seed(0)
        for shape in ((3, 8, 12), (2, 12, 8), (3, 8, 40)):  # the last by its Gram matrix alone
            values = torch.linalg.svdvals(orthogonal(torch.randn(shape) * 1e-3))
            self.assertGreater(float(values.min()), 0.4)
            self.assertLess(float(values.max()), 1.4)

    def test_matrices_and_the_rest_both_go_downhill(self):
        torch.manual_seed(0)
        model = Sam2(TINY)
        flat = Flat(model)
        self.assertTrue(any("mlp" in name for name, (at, _) in flat.spans.items() if at < flat.rest.start))
        wanted = torch.randn_like(flat.weights) * 0.1
        losses = []
        for _ in range(60):
            flat.gradient[:len(wanted)] = flat.weights - wanted
            losses.append(float((flat.weights - wanted).square().sum()))
            flat.step(5e-3)
        self.assertLess(losses[-1], 0.6 * losses[0])

    def test_a_matrix_without_gradient_stays_as_it_is(self):
        torch.manual_seed(0)
        model = Sam2(TINY)
        flat = Flat(model)
        before, moved = flat.weights.clone(), "output_hypernetworks_mlps.2.layers.0.weight"  # one of many of its shape
        span, = (span for name, span in flat.spans.items() if name.endswith(moved))
        flat.zero()
        flat.gradient[slice(*span)].normal_()
        flat.step(1e-2)
        changed = (flat.weights != before).nonzero()
        self.assertEqual((int(changed.min()), int(changed.max()) + 1), span)


class Growth(unittest.TestCase):
    def test_a_grown_memory_gives_what_the_old_one_gave(self):
        torch.manual_seed(0)
        old = Sam2(TINY).eval()
        new, rng = grow.grow(old, TextureBank(None)), np.random.default_rng(0)
        self.assertEqual(new.arch["mem_dim"], TINY["d_model"])
        with torch.no_grad():
            images = normalise(make_clip(rng, TextureBank(None), 2, 64)[0])
            features, mask = old.encode_images(images)[0], torch.zeros(1, 1, 64, 64)
            mask[..., 16:48, 8:40] = 1
            seen = [m.attend_memory(features[1:], [(m.encode_memory(features[:1], mask, torch.ones(1, 1)), 0)], [])
                    for m in (old, new)]
        self.assertLess(float((seen[0] - seen[1]).norm() / seen[0].norm()), 0.05)


class Geometry(unittest.TestCase):
    def test_warm_up_lowers_the_loss_and_leaves_the_encoder_alone(self):
        torch.manual_seed(0)
        model = Sam2(TINY)
        flat = Flat(model)
        before = model.image_encoder.trunk.patch_embed.proj.weight.clone()
        rng = np.random.default_rng(0)
        with torch.no_grad():
            encoded = model.encode_images(torch.randn(16, 3, 64, 64))
        losses = []
        for step in range(60):
            flat.zero()
            tally = geometry_pass(model, rng, encoded, "click" if rng.random() < 0.6 else "box")
            tally.mean().backward()
            flat.step(1e-3 * min(1, (step + 1) / 20))
            losses.append(float(tally.mean()))
        self.assertLess(np.mean(losses[-10:]), 0.9 * np.mean(losses[:10]))
        self.assertTrue(torch.equal(before, model.image_encoder.trunk.patch_embed.proj.weight))


class Rollout(unittest.TestCase):
    def test_gradients_reach_every_part_and_memory_changes_the_outcome(self):
        torch.manual_seed(0)
        model, rng = Sam2(TINY), np.random.default_rng(0)
        # Untrained scores would call every object absent, and absent objects have no pointer of their own.
        model.sam_mask_decoder.pred_obj_score_head.layers[-1].bias.data.fill_(3.0)
        images, masks = make_clip(rng, TextureBank(None), 4, 64)
        images, masks = normalise(images)[None], torch.from_numpy(masks)[None]
        for kind in ("mask", "click", "box"):
            clip_pass(model, rng, images, masks, kind, schedule.Habits(thin_memory=0.5)).mean().backward()
        unused = [name for name, p in model.named_parameters() if p.grad is None or not p.grad.abs().any()]
        # Read by nothing; for corrections and absent objects only; labels and tokens that this clip did not use.
        allowed = ("no_mem_pos_enc", "no_obj", "point_embeddings.0", "not_a_point", "mask_downscaling", "no_mem_embed",
                   "maskmem_tpos_enc", "output_hypernetworks_mlps", "no_mask_embed")
        self.assertEqual([name for name in unused if not any(part in name for part in allowed)], [])
        encoded = evaluate.encode_clip(model.eval(), np.zeros((2, 64, 64, 3), np.uint8) + 90)
        mask = masks[0, 0, 0].numpy()
        with_memory, without = (self.second_frame(model, encoded, mask, use_spatial=use) for use in (True, False))
        self.assertGreater((with_memory - without).abs().max().item(), 1e-4)

    def test_a_picture_alone_teaches_memory_as_well(self):
        torch.manual_seed(0)
        model, rng = Sam2(TINY), np.random.default_rng(0)
        images, masks = make_clip(rng, TextureBank(None), 1, 64)
        with mock.patch.object(rollout, "RECALLED", 1.0):
            tally = image_pass(model, rng, normalise(images), torch.from_numpy(masks)[None, :, 0], "click", schedule.Habits())
        tally.mean().backward()
        self.assertIn("recall", [kind for kind, _ in tally.logs])
        for part in (model.memory_encoder, model.memory_attention):
            self.assertTrue(any(p.grad is not None and p.grad.abs().any() for p in part.parameters()))

    @staticmethod
    def second_frame(model, encoded, mask, **ablation):
        tracker = Tracker(model, **ablation)
        tracker.prompt_mask(0, [level[:1] for level in encoded], mask)
        return tracker.track(1, [level[1:] for level in encoded])["all"]

    def test_a_click_lies_on_the_object(self):
        masks = torch.zeros(2, 32, 32)
        masks[0, 4:9, 20:30], masks[1, 20:30, 3:6] = 1, 1
        points, labels = draw_prompt(np.random.default_rng(0), "click", masks)
        for mask, point in zip(masks, points):
            self.assertEqual(mask[int(point[0, 1]), int(point[0, 0])], 1)
        self.assertEqual(centre_click(masks[0].numpy())[1], 6.0)


class WholeRun(unittest.TestCase):
    def test_run_then_resume_then_export(self):
        with tempfile.TemporaryDirectory() as folder, mock.patch.object(schedule, "PHASES", short_phases()):
            train.worker(0, 1, options(folder, max_steps=12))
            self.assertTrue(os.path.exists(os.path.join(folder, "log.svg")))
            train.worker(0, 1, options(folder, resume=True))
            with open(os.path.join(folder, "log.jsonl")) as file:
                entries = [json.loads(line) for line in file]
            self.assertEqual(entries[-1]["step"], 40)
            self.assertEqual({e["phase"] for e in entries if "phase" in e}, {p.name for p in schedule.PHASES} - {"long clips"})
            last = next(e for e in reversed(entries) if "evaluation" in e)["evaluation"]
            self.assertEqual(set(last), set(train.EVALUATED))
            shipped = os.path.join(folder, "shipped")
            export.export(os.path.join(folder, "averaged.pt"), shipped)
            model, stored = export.load_shipped(shipped), torch.load(os.path.join(folder, "averaged.pt"))["model"]
            for name, value in model.state_dict().items():
                self.assertLess((value - stored[name]).abs().max().item(), 2e-2, name)
            bent = {name: value + 1 if value.is_floating_point() else value for name, value in stored.items()}
            torch.save({"model": bent, "arch": model.arch}, os.path.join(folder, "bent.pt"))
            export.export(os.path.join(folder, "bent.pt"), os.path.join(folder, "blended"), blend=(shipped, 0.75))
            for name, value in export.load_shipped(os.path.join(folder, "blended")).state_dict().items():
                self.assertLess((value - stored[name] - 0.25).abs().max().item(), 2e-2, name)
            for wrong, said in (((shipped, 2.0), "share 2"), ((SHIPPED, 0.5), "another architecture")):
                with self.assertRaisesRegex(SystemExit, said):
                    export.export(os.path.join(folder, "bent.pt"), os.path.join(folder, "refused"), blend=wrong)
            self.assertFalse(os.path.exists(os.path.join(folder, "refused")))

    def test_orders_left_as_files_change_the_phase_and_cool_the_run(self):
        with tempfile.TemporaryDirectory() as folder, mock.patch.object(schedule, "PHASES", short_phases()):
            for name, text in (("enter", "clips of 2"), ("cool", "5")):
                with open(os.path.join(folder, name), "w") as file:
                    file.write(text)
            train.worker(0, 1, options(folder, steps=0, max_steps=7))
            with open(os.path.join(folder, "log.jsonl")) as file:
                entries = [json.loads(line) for line in file]
            self.assertEqual([e["phase"] for e in entries if "phase" in e], ["features", "clips of 2"])
            self.assertTrue([e["options"] for e in entries if "options" in e][-1]["cool"])
            self.assertEqual(torch.load(os.path.join(folder, "trunk.pt"))["step"], 6)
            self.assertFalse(os.path.exists(os.path.join(folder, "enter")))

    def test_same_seed_same_weights(self):
        ends = []
        for _ in range(2):
            with tempfile.TemporaryDirectory() as folder:
                train.worker(0, 1, options(folder, steps=30, max_steps=6))
                ends.append(torch.load(os.path.join(folder, "checkpoint.pt"))["flat"]["weights"])
        self.assertTrue(torch.equal(*ends))


@unittest.skipUnless(os.path.exists(os.path.join(SHIPPED, "model.safetensors")), "models/nano holds no weights")
class AbortRuleOnShippedWeights(unittest.TestCase):
    def test_the_click_moves_the_mask_and_memory_moves_j(self):
        model = export.load_shipped(SHIPPED)
        clips = evaluate.held_out_clips(TextureBank(None), model.input_px, 3, 5, seed=5)
        self.assertGreater(evaluate.abort_rule(model, clips)[0], 0.3)
        scores = evaluate.evaluate(model, clips, ["mask", "no_memory"])
        self.assertGreater(abs(scores["mask"]["j"] - scores["no_memory"]["j"]), 0.02)


if __name__ == "__main__":
    unittest.main()
