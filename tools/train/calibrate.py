"""Centres an untrained image encoder on a few pictures and whitens what it gives.

Maximum pooling and GELU push every channel to one side, so that at random weights the features are one large constant
with a little of the picture on top, and what varies does so along a handful of directions. What follows then learns
for thousands of steps to see past that. Biases and the pyramid's 1 x 1 convolutions take it out once, before training;
the weights load as always.
"""

import torch

CONTENT = 0.5  # spread of the features across pictures, a little below that of the position code
FLOOR = 1e-3   # of the largest variance: directions below it are noise and are not raised further


@torch.no_grad()
def centre(trunk, images_n3ss):
    """Shifts biases so that every block has mean 0."""
    x = trunk.patch_embed(images_n3ss)
    trunk.patch_embed.proj.bias -= _mean(x)
    x = x - _mean(x)
    x = x + trunk.position(x.shape[1], x.shape[2])
    for block in trunk.blocks:
        x = block(x)
        block.mlp.layers[-1].bias -= _mean(x)
        x = x - _mean(x)


@torch.no_grad()
def whiten(image_encoder, images_n3ss):
    """Turns and stretches the levels of the pyramid that are read."""
    neck = image_encoder.neck
    stages = image_encoder.trunk(images_n3ss)
    last = len(stages) - 1
    for level in range(last - 1, -1, -1):
        convs = [neck.convs[last - level].conv]
        if level + 1 == last and level in neck.top_down:  # the coarsest level only feeds this one
            convs.append(neck.convs[0].conv)
        white = CONTENT * _whitening(neck(stages)[level])
        for conv in convs:
            conv.weight.copy_(torch.einsum("ab,bcij->acij", white, conv.weight))
            conv.bias.copy_(white @ conv.bias)
        convs[0].bias -= neck(stages)[level].mean((0, 2, 3))


def _mean(x_nhwc):
    return x_nhwc.mean((0, 1, 2))


def _whitening(x_nchw):
    """Symmetric matrix that gives the channels unit variance and takes out their correlation."""
    x = x_nchw.transpose(0, 1).flatten(1)
    x = x - x.mean(1, keepdim=True)
    values, vectors = torch.linalg.eigh((x @ x.t() / x.shape[1]).double())
    values = values.clamp(min=float(values.max()) * FLOOR)
    return (vectors @ torch.diag(values.rsqrt()) @ vectors.t()).to(x.dtype)
