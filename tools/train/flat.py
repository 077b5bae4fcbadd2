"""All parameters in one vector: Muon and AdamW, gradient averaging and weight averaging as a few long operations."""

import torch


def orthogonal(matrices_nrc, rounds=5):
    """Each matrix with its singular values moved near 1, by the quintic iteration of Muon (K. Jordan, 2024)."""
    a, b, c = 3.4445, -4.7750, 2.0315
    tall = matrices_nrc.shape[1] > matrices_nrc.shape[2]
    x = matrices_nrc.transpose(1, 2) if tall else matrices_nrc
    x = x / (x.flatten(1).norm(dim=1)[:, None, None] + 1e-7)
    for _ in range(rounds):
        square = x @ x.transpose(1, 2)
        x = a * x + (b * square + c * (square @ square)) @ x
    return x.transpose(1, 2) if tall else x


class Flat:
    """Muon for matrices and AdamW for the rest, over a model whose parameters and gradients become views of two vectors.

    Muon turns the mean gradient of a matrix into an orthogonal step, so that rare directions are learnt as fast as common
    ones: a decoder's kernels reach in 250 steps what AdamW needs 600 for.

    The gradient vector has `SHARED` numbers more, through which processes share clocks and orders.
    `average` is an exponential moving average of the weights.
    """

    BETAS, EPSILON, DECAY, CLIP = (0.9, 0.98), 1e-8, 0.02, 1.0
    MATRIX_BETA, MATRIX_RATE, SMALLEST_SIDE = 0.95, 10.0, 8  # of matrices; their rate is so many times the other one
    AVERAGE, AVERAGE_EVERY = 0.998, 4
    SHARED = 3

    def __init__(self, model):
        self.model = model
        self.named = list(model.named_parameters())
        count = sum(p.numel() for _, p in self.named)
        device = self.named[0][1].device
        self.weights = torch.empty(count, device=device)
        self.gradient = torch.zeros(count + self.SHARED, device=device)
        self.decay = torch.zeros(count, device=device)
        self.keep_first = torch.full((count,), self.BETAS[0], device=device)
        self.spans, self.matrices, at = {}, {}, 0  # matrices: (rows, columns) to the spans of that shape
        for name, parameter in self.named:
            end = at + parameter.numel()
            self.weights[at:end] = parameter.data.flatten()
            weight = parameter.dim() > 1 and not any(word in name for word in ("embed", "tokens", "_token.", "tpos_enc"))
            self.decay[at:end] = self.DECAY * weight
            shape = tuple(parameter.data.flatten(1).shape) if weight else ()
            if weight and min(shape) >= self.SMALLEST_SIDE and parameter.shape[1] > 1:
                self.matrices.setdefault(shape, []).append((at, end))
                self.keep_first[at:end] = self.MATRIX_BETA
                self.decay[at:end] *= self.MATRIX_RATE
            parameter.data = self.weights[at:end].view(parameter.shape)
            parameter.grad = self.gradient[at:end].view(parameter.shape)
            self.spans[name] = (at, end)
            at = end
        self.first, self.second = torch.zeros_like(self.weights), torch.zeros_like(self.weights)
        self.average = self.weights.clone()
        self.steps, self.keep, self.whole = 0, self.AVERAGE, slice(0, count)

    def part(self, prefixes):
        """The slice of the vectors that holds the parameters of these names, which must lie together."""
        spans = [span for name, span in self.spans.items() if name.startswith(prefixes)]
        begin, end = min(s[0] for s in spans), max(s[1] for s in spans)
        assert end - begin == sum(e - b for b, e in spans)
        return slice(begin, end)

    def zero(self):
        self.gradient.zero_()

    def step(self, rate, part=None):
        """One update of a part; returns its gradient's norm before clipping.

        A step whose gradient is not finite is skipped.
        """
        part = part or self.whole
        gradient = self.gradient[part]
        weights, first, second = self.weights[part], self.first[part], self.second[part]
        norm = float(gradient.norm())
        if norm != norm or norm == float("inf"):
            return norm
        if norm > self.CLIP:
            gradient *= self.CLIP / norm
        self.steps += 1
        b1, b2 = self.BETAS
        c1, c2 = 1 - b1 ** self.steps, 1 - b2 ** self.steps
        first.lerp_(gradient, 1 - self.keep_first[part])
        second.mul_(b2).addcmul_(gradient, gradient, value=1 - b2)
        steps = first / second.sqrt().add_(self.EPSILON * c2 ** 0.5) * (c2 ** 0.5 / c1)
        ahead = first.lerp(gradient, 1 - self.MATRIX_BETA)
        for (rows, columns), spans in self.matrices.items():
            spans = [(at - part.start, end - part.start) for at, end in spans if part.start <= at and end <= part.stop]
            if not spans:
                continue
            ways = orthogonal(torch.stack([ahead[at:end].view(rows, columns) for at, end in spans]))
            ways *= self.MATRIX_RATE * max(1.0, rows / columns) ** 0.5
            for (at, end), way in zip(spans, ways):
                steps[at:end] = way.flatten()
        weights.addcmul_(self.decay[part], weights, value=-rate)
        weights.add_(steps, alpha=-rate)
        if self.steps % self.AVERAGE_EVERY == 0:
            keep = min(self.keep, (1 + self.steps) / (10 + self.steps)) ** self.AVERAGE_EVERY
            self.average.lerp_(self.weights, 1 - keep)
        return norm

    def forget_moments(self):
        """For a new phase: the old moments belong to another task."""
        self.first.zero_()
        self.second.zero_()
        self.steps = 0
        self.average.copy_(self.weights)

    class _Swapped:
        def __init__(self, flat):
            self.flat = flat

        def __enter__(self):
            self.kept = self.flat.weights.clone()
            self.flat.weights.copy_(self.flat.average)

        def __exit__(self, *_):
            self.flat.weights.copy_(self.kept)

    def averaged(self):
        """`with flat.averaged():` runs the model on the averaged weights."""
        return self._Swapped(self)

    def state(self):
        return {"weights": self.weights, "average": self.average, "first": self.first, "second": self.second,
                "steps": self.steps}

    def load(self, state):
        for name in ("weights", "average", "first", "second"):
            getattr(self, name).copy_(state[name])
        self.steps = state["steps"]

    def averaged_state_dict(self):
        """The averaged weights under the model's names, with its buffers."""
        with self.averaged():
            return {name: value.clone() for name, value in self.model.state_dict().items()}
