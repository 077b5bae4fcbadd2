"""All parameters in one vector: Muon and AdamW, gradient averaging and weight averaging as a few long operations."""

import torch

QUINTIC = (3.4445, -4.7750, 2.0315)


def orthogonal(matrices_nrc, rounds=5):
    """Each matrix with its singular values moved near 1, by the quintic iteration of Muon (K. Jordan, 2024).

    Every round multiplies a matrix by a polynomial of its Gram matrix. Of long matrices only the small Gram matrix goes
    through the rounds, which takes a fraction of the products.
    """
    a, b, c = QUINTIC
    tall = matrices_nrc.shape[1] > matrices_nrc.shape[2]
    x = matrices_nrc.transpose(1, 2).contiguous() if tall else matrices_nrc
    x = x / (x.flatten(1).norm(dim=1)[:, None, None] + 1e-7)
    if x.shape[2] < 2 * x.shape[1]:
        for _ in range(rounds):
            gram = x @ x.transpose(1, 2)
            x = ((gram @ gram).mul_(c).add_(gram, alpha=b) @ x).add_(x, alpha=a)
    else:
        gram, turn = x @ x.transpose(1, 2), None
        for _ in range(rounds):
            factor = (gram @ gram).mul_(c).add_(gram, alpha=b)
            factor.diagonal(dim1=1, dim2=2).add_(a)
            turn = factor if turn is None else factor @ turn
            gram = factor @ gram @ factor
        x = turn @ x
    return x.transpose(1, 2) if tall else x


class Flat:
    """Muon for matrices and AdamW for the rest, over a model whose parameters and gradients become views of two vectors.

    Muon turns the mean gradient of a matrix into an orthogonal step, so that rare directions are learnt as fast as common
    ones: a decoder's kernels reach in 250 steps what AdamW needs 600 for. Matrices of one shape lie together in the
    vectors, the rest behind them. A matrix that a step has no gradient for is left alone.

    The gradient vector has `SHARED` numbers more, through which processes share clocks and orders.
    `average` is an exponential moving average of the weights.
    """

    BETAS, EPSILON, CLIP = (0.9, 0.98), 1e-8, 1.0
    MATRIX_BETA, MATRIX_RATE, SMALLEST_SIDE = 0.95, 10.0, 8  # of matrices; their rate is so many times the other one
    DECAY = 0.2  # of matrices, times the rate
    AVERAGE, AVERAGE_EVERY = 0.998, 4
    SHARED = 3

    def __init__(self, model):
        self.model = model
        by_shape, rest = {}, []
        for name, parameter in model.named_parameters():
            plain = parameter.dim() > 1 and not any(word in name for word in ("embed", "tokens", "_token.", "tpos_enc"))
            shape = tuple(parameter.data.flatten(1).shape) if plain else (0,)
            if min(shape) >= self.SMALLEST_SIDE and parameter.shape[1] > 1:
                by_shape.setdefault(shape, []).append((name, parameter))
            else:
                rest.append((name, parameter))
        named = [item for group in by_shape.values() for item in group] + rest
        count = sum(p.numel() for _, p in named)
        device = named[0][1].device
        self.weights = torch.empty(count, device=device)
        self.gradient = torch.zeros(count + self.SHARED, device=device)
        self.spans, at = {}, 0
        for name, parameter in named:
            end = at + parameter.numel()
            self.weights[at:end] = parameter.data.flatten()
            parameter.data = self.weights[at:end].view(parameter.shape)
            parameter.grad = self.gradient[at:end].view(parameter.shape)
            self.spans[name] = (at, end)
            at = end
        self.matrices, at = [], 0  # (span, shape [n, rows, columns])
        for shape, group in by_shape.items():
            end = at + len(group) * shape[0] * shape[1]
            self.matrices.append((slice(at, end), (len(group), *shape)))
            at = end
        self.rest = slice(at, count)
        self.first = torch.zeros_like(self.weights)
        self.second = torch.zeros(count - at, device=device)
        self.average = self.weights.clone()
        self.steps, self.keep = 0, self.AVERAGE

    def zero(self):
        self.gradient.zero_()

    def step(self, rate):
        """One update; returns the gradient's norm before clipping. A step whose gradient is not finite is skipped."""
        gradient = self.gradient[:len(self.weights)]
        norm = float(gradient.norm())
        if norm != norm or norm == float("inf"):
            return norm
        if norm > self.CLIP:
            gradient *= self.CLIP / norm
        self.steps += 1
        for span, shape in self.matrices:
            self._step_matrices(rate, *(vector[span].view(shape) for vector in (self.weights, gradient, self.first)))
        self._step_rest(rate, *(vector[self.rest] for vector in (self.weights, gradient, self.first)))
        if self.steps % self.AVERAGE_EVERY == 0:
            keep = min(self.keep, (1 + self.steps) / (10 + self.steps)) ** self.AVERAGE_EVERY
            self.average.lerp_(self.weights, 1 - keep)
        return norm

    def _step_matrices(self, rate, weights, gradient, first):
        rows, columns = weights.shape[1:]
        live = gradient.flatten(1).any(1)
        if not live.any():
            return
        whole = bool(live.all())
        if not whole:
            kept, gradient, first = (weights, first), gradient[live], first[live]
            weights = weights[live]
        first.lerp_(gradient, 1 - self.MATRIX_BETA)
        ways = orthogonal(first.lerp(gradient, 1 - self.MATRIX_BETA))
        weights.mul_(1 - rate * self.DECAY).add_(ways, alpha=-rate * self.MATRIX_RATE * max(1.0, rows / columns) ** 0.5)
        if not whole:
            kept[0][live], kept[1][live] = weights, first

    def _step_rest(self, rate, weights, gradient, first):
        b1, b2 = self.BETAS
        c1, c2 = 1 - b1 ** self.steps, 1 - b2 ** self.steps
        first.lerp_(gradient, 1 - b1)
        self.second.mul_(b2).addcmul_(gradient, gradient, value=1 - b2)
        weights.addcdiv_(first, self.second.sqrt().add_(self.EPSILON * c2 ** 0.5), value=-rate * c2 ** 0.5 / c1)

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
