"""Trains the small model on generated clips; see README.md. One process per CPU core, or one on a GPU."""

import argparse
import ctypes
import json
import os
import shutil
import signal
import time

import cv2
import numpy as np
import torch
import torch.distributed as dist

import evaluate
import plot
import schedule
import weights
from calibrate import centre, whiten
from clips import Pool, TextureBank, make_clip
from flat import Flat
from rollout import clip_pass, encode, features_pass, geometry_pass, image_pass, of_frames
from sam2 import Sam2, load_architecture
from stages import StageStore
from tracker import normalise

HERE = os.path.dirname(os.path.abspath(__file__))
EVALUATED = ["mask", "click", "first_only", "no_pointers"]
OBJECTS, IMAGE_OBJECTS = 2, 4  # of each clip and image: encoding an image costs more than a prompt on it
LOG_EVERY, SAVE_EVERY_S, EVALUATE_EVERY_S = 25, 60, 900
CALIBRATION_PICTURES = 32
START_WITH = 100               # clips in the pool before the first step that needs one
FRESH, FRESH_FULL = 0.5, 0.25  # new clips per step while the pool grows, and once it is full
PR_SET_PDEATHSIG = 1           # of Linux's prctl
COOLED_AVERAGE = 0.9993        # horizon of the averaged weights while the rate falls: long, against learning the textures by heart


class Run:
    def __init__(self, options, rank, ranks):
        self.options, self.rank, self.ranks = options, rank, ranks
        self.device = torch.device(options.device)
        torch.manual_seed(options.seed)
        self.model = Sam2(architecture_of(options)).to(self.device).train()
        self.flat = Flat(self.model)
        self.step, self.phase, self.done = 0, 0, 0  # steps in all; index of the phase, steps in it
        self.spent_s, self.cpu_s, self.from_s = 0.0, 0.0, 0.0  # by the clock, of all processes; where this budget began
        self.recent, self.frozen, self.entered, self.store = [], None, False, None
        if rank == 0:  # fills the cache of regions, which the others then read
            self.load_textures()
        self.wait()
        if rank > 0:
            self.load_textures()
        if not checkpoint_of(options):
            self.begin()
        self.next_evaluation_s = EVALUATE_EVERY_S

    def begin(self):
        """A new model, the same for every process: with another run's weights, its trunk alone where other widths differ, or
        none; what is new of the image encoder is calibrated on a few pictures."""
        model, own = self.model, self.model.state_dict()
        folder = self.options.begin_with
        given = weights.read(os.path.join(folder, "model.safetensors")) if folder else {}
        fitting = {name: given[name].float() for name, tensor in own.items() if name in given and given[name].shape == tensor.shape}
        if len(fitting) == len(own):
            model.load_state_dict(fitting)
        else:
            rng, side = np.random.default_rng([self.options.seed, 3]), schedule.picture_px(model.arch, schedule.PHASES[0])
            pictures = [make_clip(rng, self.bank, 1, side)[0][0] for _ in range(CALIBRATION_PICTURES)]
            pictures = torch.stack([normalise(picture) for picture in pictures]).to(self.device)
            trunk, prefix = model.image_encoder.trunk, "image_encoder.trunk."
            if given:
                trunk.load_state_dict({name[len(prefix):]: tensor for name, tensor in fitting.items() if name.startswith(prefix)})
            else:
                centre(trunk, pictures)
            whiten(model.image_encoder, pictures)
        self.flat.average.copy_(self.flat.weights)

    def load_textures(self):
        options = self.options
        cache = os.path.join(os.path.dirname(options.start_from) if options.start_from else options.out, "cache")
        self.bank = TextureBank(options.textures, "train", cache)
        self.pool = Pool(self.bank, cache, f"pool-{self.rank}", (options.seed, self.rank), options.pool_px, options.pool)
        self.held_out = evaluate.held_out_clips(TextureBank(options.textures, "held-out", cache),
                                                self.model.input_px, options.eval_clips, options.eval_frames)

    # ---- bookkeeping

    def settings(self):
        return {k: v for k, v in vars(self.options).items() if k not in ("out", "textures", "architecture", "start_from", "begin_with")}

    def wait(self):
        if self.ranks > 1:
            dist.barrier()

    def path(self, name):
        return os.path.join(self.options.out, name)

    def log(self, **entry):
        if self.rank == 0:
            with open(self.path("log.jsonl"), "a") as file:
                file.write(json.dumps({"step": self.step, "hours": round(self.spent_s / 3600, 4),
                                       "cpu_hours": round(self.cpu_s / 3600, 4), **entry}) + "\n")

    def save(self):
        self.pool.note()
        if self.rank == 0:
            state = {"flat": self.flat.state(), "step": self.step, "phase": schedule.PHASES[self.phase].name,
                     "done": self.done, "spent_s": self.spent_s, "cpu_s": self.cpu_s, "options": vars(self.options),
                     "buffers": dict(self.model.named_buffers()), "arch": self.model.arch}
            torch.save(state, self.path("checkpoint.pt.new"))
            os.replace(self.path("checkpoint.pt.new"), self.path("checkpoint.pt"))

    def resume(self, path):
        state = torch.load(path, map_location=self.device)
        self.flat.load(state["flat"])
        for name, buffer in self.model.named_buffers():
            if "gaussian" in name:
                buffer.copy_(state["buffers"][name])
        self.step, self.done, self.spent_s, self.cpu_s = (state[k] for k in ("step", "done", "spent_s", "cpu_s"))
        self.phase = [phase.name for phase in schedule.PHASES].index(state["phase"])
        self.from_s, self.next_evaluation_s = self.spent_s, self.spent_s + EVALUATE_EVERY_S

    def enter(self, name):
        """Goes to a phase at once, whatever is left of the present one."""
        self.phase, self.done = [phase.name for phase in schedule.PHASES].index(name), 0
        self.entered = False

    # ---- training

    def share_spent(self):
        """Of the budget, by the clock or by steps."""
        options = self.options
        if options.steps:
            return self.step / options.steps
        return (self.spent_s - self.from_s) / (options.hours * 3600)

    def loop(self):
        self.mark, self.mark_cpu, self.saved_s = time.monotonic(), time.process_time(), self.spent_s
        while self.share_spent() < 1 and not (self.options.max_steps and self.step >= self.options.max_steps):
            if self.spent_s >= self.next_evaluation_s and schedule.PHASES[self.phase].mix[0][0] > schedule.GEOMETRY:
                self.next_evaluation_s = self.spent_s + EVALUATE_EVERY_S
                self.evaluate()
            self.one_step()
            if self.spent_s - self.saved_s > SAVE_EVERY_S:
                self.saved_s = self.spent_s
                self.save()
        self.evaluate()
        self.save()

    def one_step(self):
        phase = schedule.PHASES[self.phase]
        if phase.steps and self.done >= phase.steps:
            self.phase, self.done, self.entered = self.phase + 1, 0, False
            if schedule.PHASES[self.phase - 1].mix[0][0] <= schedule.GEOMETRY:
                self.flat.forget_moments()
            phase = schedule.PHASES[self.phase]
        if not self.entered:
            self.entered = True
            self.log(phase=phase.name)
            self.model.set_size(schedule.picture_px(self.model.arch, phase))
        shared = np.random.default_rng([self.options.seed, 1, self.step])
        own = np.random.default_rng([self.options.seed, 2, self.step, self.rank])
        self.flat.zero()
        tally = self.forward(phase, shared, own)
        tally.mean().backward()
        cooled = self.share_spent() if self.options.cool else 0.0
        rate = schedule.learning_rate(self.flat.steps, cooled, self.options.rate)
        order = self.share_clocks()
        norm = self.flat.step(rate)
        self.step += 1
        self.done += 1
        self.note(tally, norm, rate)
        if order > 0:
            self.enter(schedule.PHASES[order].name)
        elif order < 0:
            self.cool(-order / 60)

    def ordered(self):
        """An order left as a file in the run's folder, which is removed; 0 if there is none.

        `enter` holds the name of a phase, whose index is returned; `cool` minutes, returned as a negative number.
        """
        for name in ("enter", "cool") if self.step % 5 == 0 else ():
            path = self.path(name)
            if os.path.exists(path):
                with open(path) as file:
                    text = file.read().strip()
                os.remove(path)
                names = [phase.name for phase in schedule.PHASES]
                return (names.index(text) if text in names else 0) if name == "enter" else -int(text)
        return 0

    def cool(self, hours):
        """From here on the rate falls, for so long; the trunk's state stays behind as trunk.pt."""
        self.save()
        if self.rank == 0:
            shutil.copy(self.path("checkpoint.pt"), self.path("trunk.pt"))
        self.options.cool, self.options.hours, self.options.steps = True, hours, 0
        self.from_s, self.flat.keep = self.spent_s, COOLED_AVERAGE
        self.log(options=self.settings())

    def share_clocks(self):
        """Averages gradients; all go by the first process's clock and orders, and their CPU time is summed."""
        now, now_cpu = time.monotonic(), time.process_time()
        shared = self.flat.gradient[-self.flat.SHARED:]
        shared[0] = now - self.mark if self.rank == 0 else 0
        shared[1] = now_cpu - self.mark_cpu
        shared[2] = self.ordered() if self.rank == 0 else 0
        self.mark, self.mark_cpu = now, now_cpu
        if self.ranks > 1:
            dist.all_reduce(self.flat.gradient)
        self.spent_s += float(shared[0])
        self.cpu_s += float(shared[1])
        order = int(shared[2])
        self.flat.gradient.div_(self.ranks)
        return order

    def forward(self, phase, shared, own):
        frames, clips, _ = schedule.draw(shared, phase.mix)
        if frames == schedule.FEATURES:
            pictures, masks = self.batch(own, 1, clips, phase)
            return features_pass(self.model, own, of_frames(pictures, [0]), masks[:, :, 0])
        prompts = phase.prompts if frames != 1 else schedule.IMAGE_PROMPTS
        kind = schedule.draw(shared, prompts)[0]
        habits = schedule.habits_at(phase, self.done, frames)
        if frames == schedule.GEOMETRY:
            if self.frozen is None:
                with torch.no_grad():
                    self.frozen = encode(self.model, of_frames(self.batch(own, 1, clips, phase)[0], [0]))
            return geometry_pass(self.model, own, self.frozen, kind)
        pictures, masks = self.batch(own, frames, clips, phase)
        if frames == 1:
            return image_pass(self.model, own, of_frames(pictures, [0]), masks[:, :, 0], kind, habits)
        return clip_pass(self.model, own, pictures, masks, kind, habits)

    def batch(self, rng, frames, clips, phase):
        """Clips as images, or as the trunk's outputs where it is held; and masks."""
        pool, objects = self.pool, OBJECTS if frames > 1 else IMAGE_OBJECTS
        pool.refill(max(0, min(START_WITH, pool.size) - len(pool)))
        if self.options.hold_trunk:
            if self.store is None:
                self.store = StageStore(self.model.image_encoder.trunk, pool, rng, self.options.hold_trunk,
                                        self.model.input_px, phase.calm)
            return self.store.batch(rng, frames, clips, objects)
        if rng.random() < (FRESH if len(pool) < pool.size else FRESH_FULL):
            pool.refill()
        drawn = [pool.draw(rng, frames, self.model.input_px, objects, phase.calm) for _ in range(clips)]
        images = torch.stack([normalise(i) for i, _ in drawn]).to(self.device)
        return images, torch.from_numpy(np.stack([m for _, m in drawn])).to(self.device)

    # ---- measuring

    def note(self, tally, norm, rate):
        self.recent.append((float(tally.mean().detach()), norm, tally.logs, tally.content_log))
        if self.step % LOG_EVERY:
            return
        entry = {"loss": np.mean([r[0] for r in self.recent]), "norm": np.mean([r[1] for r in self.recent]),
                 "rate": rate}
        logs = [item for r in self.recent for item in r[2]]
        for kind in sorted({k for k, _ in logs}):
            of_kind = [log for k, log in logs if k == kind and log["seen"]]
            if of_kind:
                entry[f"iou_{kind}"] = np.mean([log["iou"] for log in of_kind])
        for name in ("score", "absent"):
            count = sum(log[f"{name}_count"] for _, log in logs)
            if count:
                entry[f"{name}_accuracy"] = sum(log[f"{name}_hit"] for _, log in logs) / count
        entry["drift"], entry["affinity"] = float(tally.drift), float(tally.affinity)
        contents = [r[3] for r in self.recent if r[3]]
        if contents:
            entry["iou_content"] = np.mean([content["iou"] for content in contents])
            entry["token_distance"] = np.mean([content["distance"] for content in contents])
        self.log(**{k: round(float(v), 6) for k, v in entry.items()})
        self.recent = []

    def evaluate(self):
        """Scores the averaged weights on held-out generated clips; processes share the variants."""
        names = EVALUATED if schedule.PHASES[self.phase].mix[0][0] > 1 else EVALUATED[:2]
        mine = names[self.rank::self.ranks] if self.ranks > 1 else names
        with self.flat.averaged():
            clips = [evaluate.at_size(*clip, self.model.input_px) for clip in self.held_out]
            result = evaluate.evaluate(self.model, clips, mine)
            moved, clicked = evaluate.abort_rule(self.model, clips)
        if self.ranks > 1:
            parts = [None] * self.ranks
            dist.all_gather_object(parts, result)
            result = {name: summary for part in parts for name, summary in part.items()}
        self.log(evaluation=result, click_moves=moved, clicked_j=clicked, px=self.model.input_px)
        if self.rank == 0:
            print(f"{self.spent_s / 3600:.2f} h, step {self.step}: " +
                  ", ".join(f"{n} {s['j'] if s['j'] is None else round(s['j'], 3)}" for n, s in result.items()) +
                  f"; absent {result['mask']['absent_hit']}, click moves {moved:.2f} and gives {clicked:.3f}", flush=True)
            plot.draw(self.path("log.jsonl"), self.path("log.svg"))
            torch.save({"model": self.flat.averaged_state_dict(), "arch": self.model.arch, "step": self.step},
                       self.path("averaged.pt"))
        self.wait()


def checkpoint_of(options):
    """The checkpoint that a run goes on from, None for a new one."""
    return options.start_from or (os.path.join(options.out, "checkpoint.pt") if options.resume else None)


def architecture_of(options):
    """The checkpoint's where there is one, the one that was asked for, else that of the weights to begin with, else nano.json."""
    if checkpoint_of(options):
        return torch.load(checkpoint_of(options), map_location="cpu")["arch"]
    given = os.path.join(options.begin_with, "model.json") if options.begin_with else os.path.join(HERE, "nano.json")
    return load_architecture(options.architecture or given)


def check_products():
    """Refuses to train where products of matrices are wrong, as some BLAS kernels are on processors newer than they."""
    for rows, inner, columns in ((1, 7, 96), (144, 96, 48), (577, 129, 31), (256, 1024, 64)):
        a, b = torch.randn(rows, inner), torch.randn(columns, inner)
        off = float((a @ b.t() - (a.double() @ b.double().t())).abs().max()) / inner ** 0.5
        if not off < 1e-4:
            raise SystemExit(f"a product of {rows} x {inner} x {columns} is off by {off:.1e}: unset OPENBLAS_CORETYPE, "
                             "or choose another of OpenBLAS's kernels with it")


def worker(rank, ranks, options):
    torch.set_num_threads(options.threads)
    cv2.setNumThreads(1)
    check_products()
    if ranks > 1:  # a process of several ends when the one that started it does, however that happens
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if ranks > 1:
        dist.init_process_group("gloo", init_method=f"file://{os.path.abspath(options.out)}/rendezvous",
                                rank=rank, world_size=ranks)
    run = Run(options, rank, ranks)
    if checkpoint_of(options):
        run.resume(checkpoint_of(options))
    if options.cool:
        run.flat.keep = COOLED_AVERAGE
    if options.enter:
        run.enter(options.enter)
    run.log(options=run.settings(), textures=len(run.bank), parameters=int(run.flat.weights.numel()))
    run.loop()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", required=True, help="folder for checkpoints and the log, outside the work tree")
    parser.add_argument("--hours", type=float, default=2.0, help="budget of this call by the clock")
    parser.add_argument("--steps", type=int, default=0, help="budget by steps in all instead (reproducible by seed)")
    parser.add_argument("--max-steps", type=int, default=0, help="stop early after so many steps")
    parser.add_argument("--resume", action="store_true", help="continue from the folder's checkpoint")
    parser.add_argument("--start-from", default=None, metavar="FILE", help="branch off another run's checkpoint.pt, with its pool of clips")
    parser.add_argument("--begin-with", default=None, metavar="FOLDER", help="begin with the weights of an exported model, and with its "
                        "architecture; where --architecture has other widths, with its image encoder's trunk")
    parser.add_argument("--enter", default=None, metavar="PHASE", help="go to this phase of schedule.py at once")
    parser.add_argument("--hold-trunk", type=int, default=0, metavar="CLIPS", help="leave the image encoder's trunk as it is, and train "
                        "the rest on what it makes of so many clips per process, kept in memory (6 MB each at 256 px)")
    parser.add_argument("--cool", action="store_true", help="let the rate fall over the budget, for an export")
    parser.add_argument("--rate", type=float, default=schedule.RATE, help="learning rate; less for weights that are trained already")
    parser.add_argument("--pool", type=int, default=700, help="clips kept on disk per process, 3 MB each at 256 px")
    parser.add_argument("--pool-px", type=int, default=256, help="size of the pictures in the pool")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--threads", type=int, default=1, help="of each process")
    parser.add_argument("--device", default="cpu", help="cpu, or cuda with --processes 1")
    parser.add_argument("--textures", default=None, help="folder of photographs NAME_NNN.jpg; none: procedural only")
    parser.add_argument("--architecture", default=None, help="model.json of a new model (that of --begin-with, else nano.json)")
    parser.add_argument("--eval-clips", type=int, default=12)
    parser.add_argument("--eval-frames", type=int, default=12)
    options = parser.parse_args()
    os.makedirs(options.out, exist_ok=True)
    for leftover in ("rendezvous",) + (() if options.resume else ("log.jsonl",)):
        if os.path.exists(os.path.join(options.out, leftover)):
            os.remove(os.path.join(options.out, leftover))
    if options.start_from:  # the branch's log begins with its trunk's
        shutil.copy(os.path.join(os.path.dirname(options.start_from), "log.jsonl"), options.out)
    if options.processes > 1:
        torch.multiprocessing.start_processes(worker, (options.processes, options), options.processes, start_method="spawn")
    else:
        worker(0, 1, options)


if __name__ == "__main__":
    main()
