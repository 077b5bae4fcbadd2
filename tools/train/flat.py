"""All parameters in one vector: AdamW, gradient averaging and weight averaging as a few long operations."""

import torch


class FlatAdam:
    """AdamW over a model whose parameters and gradients become views of two vectors.

    The gradient vector has `SHARED` numbers more, through which processes share clocks and orders.
    `average` is an exponential moving average of the weights.
    """

    BETAS, EPSILON, DECAY, CLIP = (0.9, 0.98), 1e-8, 0.02, 1.0
    AVERAGE, AVERAGE_EVERY = 0.998, 4
    SHARED = 3

    def __init__(self, model):
        self.model = model
        self.named = list(model.named_parameters())
        count = sum(p.numel() for _, p in self.named)
        device = self.named[0][1].device
        self.weights = torch.empty(count, device=device)
        self.gradient = torch.zeros(count + self.SHARED, device=device)
        self.decayed = torch.zeros(count, device=device)
        self.spans, at = {}, 0
        for name, parameter in self.named:
            end = at + parameter.numel()
            self.weights[at:end] = parameter.data.flatten()
            self.decayed[at:end] = float(parameter.dim() > 1 and "embed" not in name and "token" not in name)
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
        size = len(gradient)
        weights, first, second, decayed = (v[part.start:part.start + size] for v in
                                           (self.weights, self.first, self.second, self.decayed))
        norm = float(gradient.norm())
        if norm != norm or norm == float("inf"):
            return norm
        if norm > self.CLIP:
            gradient *= self.CLIP / norm
        self.steps += 1
        b1, b2 = self.BETAS
        c1, c2 = 1 - b1 ** self.steps, 1 - b2 ** self.steps
        first.lerp_(gradient, 1 - b1)
        second.mul_(b2).addcmul_(gradient, gradient, value=1 - b2)
        weights.addcmul_(decayed, weights, value=-rate * self.DECAY)
        scale = second.sqrt().add_(self.EPSILON * c2 ** 0.5)
        weights.addcdiv_(first, scale, value=-rate * c2 ** 0.5 / c1)
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
