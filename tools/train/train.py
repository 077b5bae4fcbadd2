"""Trains the small model on generated clips; see README.md. One process per CPU core, or one on a GPU."""

import argparse
import json
import os
import time

import cv2
import numpy as np
import torch
import torch.distributed as dist

import evaluate
import plot
import schedule
from clips import TextureBank, make_clip
from flat import FlatAdam
from rollout import clip_pass, geometry_pass, image_pass
from sam2 import Sam2, load_architecture
from tracker import normalise

HERE = os.path.dirname(os.path.abspath(__file__))
GEOMETRY_PARTS = ("sam_prompt_encoder", "sam_mask_decoder")
LOG_EVERY, SAVE_EVERY_S, EVALUATIONS = 25, 240, 5
SEEN_BEFORE = 0.65  # of the clips, in another guise; making a new one costs as much as learning from it


class Clips:
    """Clips for training; some come again from a pool, mirrored, reversed or recoloured."""

    def __init__(self, bank, seed):
        self.bank, self.seed, self.drawn, self.pool = bank, seed, 0, {}

    def draw(self, rng, phase, frames, side):
        key = (frames, phase.calm, side)
        pool = self.pool.setdefault(key, [])
        if len(pool) > 24 and rng.random() < SEEN_BEFORE:
            return self._again(rng, *pool[int(rng.integers(len(pool)))])
        own = np.random.default_rng([*self.seed, self.drawn])
        self.drawn += 1
        clip = make_clip(own, self.bank, frames, side, calm=phase.calm, absence=phase.absence)
        pool.append(clip)
        del pool[:-96]
        return clip

    @staticmethod
    def _again(rng, images, masks):
        """The same clip in another guise."""
        if rng.random() < 0.7:
            images, masks = images[:, :, ::-1], masks[..., ::-1]
        if rng.random() < 0.2:
            images, masks = images[:, ::-1], masks[..., ::-1, :]
        if rng.random() < 0.5 and (masks[:, -1].mean((1, 2)) > 0.0015).all():
            images, masks = images[::-1], masks[:, ::-1]
        if rng.random() < 0.5:
            images = images[..., rng.permutation(3)]
        return images, masks

    def batch(self, rng, phase, frames, count, side, device):
        drawn = [self.draw(rng, phase, frames, side) for _ in range(count)]
        images = torch.stack([normalise(np.ascontiguousarray(i)) for i, _ in drawn]).to(device)
        masks = torch.from_numpy(np.stack([np.ascontiguousarray(m) for _, m in drawn])).to(device)
        return images, masks


class Run:
    def __init__(self, options, rank, ranks):
        self.options, self.rank, self.ranks = options, rank, ranks
        self.device = torch.device(options.device)
        torch.manual_seed(options.seed)
        self.model = Sam2(load_architecture(options.architecture)).to(self.device).train()
        self.flat = FlatAdam(self.model)
        self.step, self.spent_s, self.progress, self.phase_name = 0, 0.0, 0.0, None
        self.recent, self.frozen = [], None
        self.origin = (0.0, 0.0)  # progress and seconds from which the clock counts
        if rank == 0:  # fills the cache of regions, which the others then read
            self.load_textures()
        self.wait()
        if rank > 0:
            self.load_textures()
        self.next_evaluation = 0.0

    def load_textures(self):
        options, cache = self.options, os.path.join(self.options.out, "cache")
        self.clips = Clips(TextureBank(options.textures, "train", cache), (options.seed, self.rank))
        self.held_out = evaluate.held_out_clips(TextureBank(options.textures, "held-out", cache),
                                                self.model.input_px, options.eval_clips, options.eval_frames)

    # ---- bookkeeping

    def wait(self):
        if self.ranks > 1:
            dist.barrier()

    def path(self, name):
        return os.path.join(self.options.out, name)

    def log(self, **entry):
        if self.rank == 0:
            with open(self.path("log.jsonl"), "a") as file:
                file.write(json.dumps({"step": self.step, "hours": round(self.spent_s / 3600, 4), **entry}) + "\n")

    def save(self):
        if self.rank == 0:
            state = {"flat": self.flat.state(), "step": self.step, "spent_s": self.spent_s, "progress": self.progress,
                     "drawn": self.clips.drawn, "options": vars(self.options),
                     "next_evaluation": self.next_evaluation, "buffers": dict(self.model.named_buffers()),
                     "arch": self.model.arch}
            torch.save(state, self.path("checkpoint.pt.new"))
            os.replace(self.path("checkpoint.pt.new"), self.path("checkpoint.pt"))

    def resume(self):
        state = torch.load(self.path("checkpoint.pt"), map_location=self.device)
        self.flat.load(state["flat"])
        for name, buffer in self.model.named_buffers():
            if "gaussian" in name:
                buffer.copy_(state["buffers"][name])
        self.step, self.spent_s, self.progress = state["step"], state["spent_s"], state["progress"]
        self.next_evaluation = state["next_evaluation"]
        if self.options.again_from is not None:
            self.origin = (self.options.again_from, self.spent_s)
            self.progress = self.next_evaluation = self.options.again_from
            self.next_evaluation += 1.0 / EVALUATIONS
        # Clips that follow the ones already drawn; the pool of seen clips starts empty.
        self.clips.drawn = state["drawn"] + 1

    # ---- training

    def loop(self):
        self.mark, self.saved_s = time.monotonic(), self.spent_s
        while self.progress < 1 and not (self.options.max_steps and self.step >= self.options.max_steps):
            if self.progress >= self.next_evaluation and schedule.phase_at(self.progress, self.step).frames:
                self.next_evaluation = self.progress + 1.0 / EVALUATIONS
                self.evaluate()
            self.one_step()
            if self.spent_s - self.saved_s > SAVE_EVERY_S:
                self.saved_s = self.spent_s
                self.save()
        self.evaluate()
        self.save()

    def one_step(self):
        phase = schedule.phase_at(self.progress, 1 << 30 if self.options.steps else self.step)
        if phase.name != self.phase_name:
            if self.phase_name == schedule.PHASES[0].name:
                self.flat.forget_moments()
            self.phase_name = phase.name
            self.log(phase=phase.name)
            self.model.set_size(schedule.picture_px(self.model.arch, phase))
        shared = np.random.default_rng([self.options.seed, 1, self.step])
        own = np.random.default_rng([self.options.seed, 2, self.step, self.rank])
        self.flat.zero()
        tally = self.forward(phase, shared, own)
        tally.mean().backward()
        rate = schedule.learning_rate(self.progress, self.step)
        if self.rank == 0:
            self.flat.gradient[-1] = self.clock()
        if self.ranks > 1:
            dist.all_reduce(self.flat.gradient)
            self.progress = float(self.flat.gradient[-1])
            self.flat.gradient.div_(self.ranks)
        else:
            self.progress = float(self.flat.gradient[-1])
        norm = self.flat.step(rate, self.flat.part(GEOMETRY_PARTS)) if phase.frames == 0 else self.flat.step(rate)
        self.step += 1
        self.note(tally, norm, rate)

    def clock(self):
        """Share of the budget that is spent; by steps if the run is bounded by steps."""
        now = time.monotonic()
        self.spent_s += now - self.mark
        self.mark = now
        if self.options.steps:
            return (self.step + 1) / self.options.steps
        begin, begin_s = self.origin
        return begin + (1 - begin) * (self.spent_s - begin_s) / (self.options.hours * 3600 - begin_s)

    def forward(self, phase, shared, own):
        kind = schedule.draw_kind(shared, phase.prompts)
        habits = schedule.habits_at(self.progress, phase)
        if phase.frames == 0:
            if self.frozen is None:
                images, _ = self.clips.batch(own, schedule.PHASES[1], 1, phase.clips, self.model.input_px, self.device)
                with torch.no_grad():
                    self.frozen = self.model.encode_images(images[:, 0])
            return geometry_pass(self.model, own, self.frozen, kind)
        frames, clips = phase.frames, phase.clips
        if frames > 1 and shared.random() < schedule.IMAGE_STEPS:
            frames, clips = 1, 2 * clips
            kind = "click" if shared.random() < 0.65 else "box"
        images, masks = self.clips.batch(own, phase, frames, clips, self.model.input_px, self.device)
        if frames == 1:
            return image_pass(self.model, own, images[:, 0], masks[:, :, 0], kind, habits.balance)
        return clip_pass(self.model, own, images, masks, kind, habits)

    # ---- measuring

    def note(self, tally, norm, rate):
        self.recent.append((float(tally.mean().detach()), norm, tally.logs))
        if self.step % LOG_EVERY:
            return
        entry = {"loss": np.mean([r[0] for r in self.recent]), "norm": np.mean([r[1] for r in self.recent]),
                 "rate": rate, "progress": self.progress}
        logs = [item for r in self.recent for item in r[2]]
        for kind in sorted({k for k, _ in logs}):
            of_kind = [log for k, log in logs if k == kind and log["seen"]]
            if of_kind:
                entry[f"iou_{kind}"] = np.mean([log["iou"] for log in of_kind])
        for name in ("score", "absent"):
            count = sum(log[f"{name}_count"] for _, log in logs)
            if count:
                entry[f"{name}_accuracy"] = sum(log[f"{name}_hit"] for _, log in logs) / count
        self.log(**{k: round(float(v), 6) for k, v in entry.items()})
        self.recent = []

    def evaluate(self):
        """Scores the averaged weights on held-out generated clips; processes share the variants."""
        names = ["mask", "click", "no_pointers", "no_memory"]
        mine = names[self.rank::self.ranks] if self.ranks > 1 else names
        with self.flat.averaged():
            clips = [evaluate.at_size(*clip, self.model.input_px) for clip in self.held_out]
            result = evaluate.evaluate(self.model, clips, mine)
            moved = evaluate.abort_rule(self.model, clips)
        if self.ranks > 1:
            parts = [None] * self.ranks
            dist.all_gather_object(parts, result)
            result = {name: summary for part in parts for name, summary in part.items()}
        self.log(evaluation=result, click_moves=moved)
        if self.rank == 0:
            print(f"{self.spent_s / 3600:.2f} h, step {self.step}: " +
                  ", ".join(f"{n} {s['j']:.3f}" for n, s in result.items()) +
                  f"; absent {result['mask']['absent_hit']}, click moves {moved:.2f}", flush=True)
            plot.draw(self.path("log.jsonl"), self.path("log.svg"))
            torch.save({"model": self.flat.averaged_state_dict(), "arch": self.model.arch, "step": self.step},
                       self.path("averaged.pt"))
        self.wait()


def worker(rank, ranks, options):
    torch.set_num_threads(options.threads)
    cv2.setNumThreads(1)
    if ranks > 1:
        dist.init_process_group("gloo", init_method=f"file://{os.path.abspath(options.out)}/rendezvous",
                                rank=rank, world_size=ranks)
    run = Run(options, rank, ranks)
    if options.resume:
        run.resume()
    run.log(options={k: v for k, v in vars(options).items() if k not in ("out", "textures", "architecture")},
            textures=len(run.clips.bank), parameters=int(run.flat.weights.numel()))
    run.loop()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", required=True, help="folder for checkpoints and the log, outside the work tree")
    parser.add_argument("--hours", type=float, default=2.0, help="budget by the clock; every phase is a share of it")
    parser.add_argument("--steps", type=int, default=0, help="budget by steps instead (reproducible by seed)")
    parser.add_argument("--max-steps", type=int, default=0, help="stop early after so many steps")
    parser.add_argument("--resume", action="store_true", help="continue from the folder's checkpoint")
    parser.add_argument("--again-from", type=float, default=None, metavar="SHARE",
                        help="with --resume: go back to this share of the schedule and spread the rest of it "
                             "over the hours that are left (for a run that has ended and shall go on)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--threads", type=int, default=1, help="of each process")
    parser.add_argument("--device", default="cpu", help="cpu, or cuda with --processes 1")
    parser.add_argument("--textures", default=None, help="folder of photographs NAME_NNN.jpg; none: procedural only")
    parser.add_argument("--architecture", default=os.path.join(HERE, "nano.json"))
    parser.add_argument("--eval-clips", type=int, default=12)
    parser.add_argument("--eval-frames", type=int, default=12)
    options = parser.parse_args()
    os.makedirs(options.out, exist_ok=True)
    for leftover in ("rendezvous",) + (() if options.resume else ("log.jsonl",)):
        if os.path.exists(os.path.join(options.out, leftover)):
            os.remove(os.path.join(options.out, leftover))
    if options.processes > 1:
        torch.multiprocessing.start_processes(worker, (options.processes, options), options.processes, start_method="spawn")
    else:
        worker(0, 1, options)


if __name__ == "__main__":
    main()
