"""The whole network, as the separate steps that a tracker or a training loop calls."""

import json

import torch
from torch import nn
from torch.nn import functional as F

from .decoder import MaskDecoder
from .encoder import ImageEncoder
from .layers import Linear, Perceptron
from .memory import MemoryAttention, MemoryEncoder
from .positions import axial_rotation, sine_distance, sine_map
from .prompts import PromptEncoder

NO_OBJECT_LOGIT = -1024.0
MAX_POINTERS = 16


def load_architecture(path):
    with open(path) as file:
        return json.load(file)


class Sam2(nn.Module):
    def __init__(self, arch):
        super().__init__()
        self.arch = arch
        width, memory = arch["d_model"], arch["mem_dim"]
        self.image_encoder = ImageEncoder(arch)
        self.mask_downsample = nn.Conv2d(1, 1, 4, 4)
        self.memory_attention = MemoryAttention(arch)
        self.memory_encoder = MemoryEncoder(arch)
        self.maskmem_tpos_enc = nn.Parameter(torch.zeros(arch["num_maskmem"], 1, 1, memory))
        self.no_mem_embed = nn.Parameter(torch.zeros(1, 1, width))
        # Present in every published checkpoint; nothing reads it when no_mem_embed is added directly.
        self.no_mem_pos_enc = nn.Parameter(torch.zeros(1, 1, width))
        self.no_obj_ptr = nn.Parameter(torch.zeros(1, width))
        self.no_obj_embed_spatial = nn.Parameter(torch.zeros(1, memory))
        self.sam_prompt_encoder = PromptEncoder(width)
        self.sam_mask_decoder = MaskDecoder(width)
        self.obj_ptr_proj = Perceptron(width, width, width, 3)
        self.obj_ptr_tpos_proj = Linear(width, memory)
        for name in ("feature_position", "memory_position", "rope"):
            self.register_buffer(name, None, persistent=False)
        self.set_size(arch["image_size"])
        self._initialise()

    def set_size(self, input_px):
        """Works on pictures of another size from now on; training begins on small ones."""
        self.input_px, self.side = input_px, input_px // 16
        width, memory, device = self.arch["d_model"], self.arch["mem_dim"], self.no_mem_embed.device
        self.feature_position = sine_map(width, self.side, self.side).flatten(2).transpose(1, 2).to(device)
        self.memory_position = sine_map(memory, self.side, self.side).flatten(2).transpose(1, 2).to(device)
        self.rope = axial_rotation(width, self.side, self.side, self.arch["rope_theta"]).to(device)

    def _initialise(self):
        for name, parameter in self.named_parameters():
            if "embed" in name or "token" in name or name.startswith(("maskmem_", "no_")):
                nn.init.trunc_normal_(parameter, std=0.02)
            elif parameter.dim() == 2:
                nn.init.trunc_normal_(parameter, std=parameter.shape[1] ** -0.5)
                bias = name[: -len("weight")] + "bias"
                nn.init.zeros_(self.get_parameter(bias))
        prompt, decoder = self.sam_prompt_encoder, self.sam_mask_decoder
        for embedding in (decoder.mask_tokens, decoder.iou_token, decoder.obj_score_token):
            nn.init.normal_(embedding.weight, std=1.0)
        # Weak against the position code, so that attention between tokens and pixels starts out local.
        for embedding in (*prompt.point_embeddings, prompt.not_a_point_embed, prompt.no_mask_embed):
            nn.init.normal_(embedding.weight, std=0.15)
        for layer in decoder.transformer.layers:
            for cross in (layer.cross_attn_token_to_image, layer.cross_attn_image_to_token):
                nn.init.normal_(cross.q_proj.weight, std=0.2)
                cross.k_proj.weight.data.copy_(cross.q_proj.weight)
        # Attention to memories starts out with what is learnt last: a place looks for what looks like it (queries and
        # keys turn features alike, on their way through the memory), near where it is (a share of every query and
        # key is one constant, which the rotation turns).
        encoder = self.memory_encoder
        nn.init.eye_(encoder.pix_feat_proj.weight.data[:, :, 0, 0])
        kept = torch.eye(encoder.pix_feat_proj.out_channels)
        if hasattr(encoder, "out_proj"):
            kept = nn.init.orthogonal_(encoder.out_proj.weight.data[:, :, 0, 0])
        for layer in self.memory_attention.layers:
            cross = layer.cross_attn_image
            nn.init.orthogonal_(cross.q_proj.weight, gain=1.5)
            cross.k_proj.weight.data.copy_(cross.q_proj.weight @ kept.t())
            for projection in (cross.q_proj, cross.k_proj):
                nn.init.constant_(projection.bias, 0.7)
        # The mask prompt should start as what it is, reduced by averaging, at the scale of logits.
        nn.init.constant_(self.mask_downsample.weight, 20.0 / 16)
        nn.init.constant_(self.mask_downsample.bias, -10.0)

    # ---- steps

    def encode_images(self, images_b3ss):
        """Normalised images to (features [B, d, h, h], high0 [B, d/8, 4h, 4h], high1 [B, d/4, 2h, 2h])."""
        return self.encode_stages(self.image_encoder.trunk(images_b3ss))

    def encode_stages(self, stages):
        """The same from the trunk's outputs."""
        level0, level1, level2 = self.image_encoder.after_trunk(stages)
        return level2, self.sam_mask_decoder.conv_s0(level0), self.sam_mask_decoder.conv_s1(level1)

    def decode(self, features, high0, high1, points_px=None, labels=None, mask_logits=None):
        """Raw outputs of the mask decoder: four masks, four IoU, four tokens, the object score."""
        batch, side = features.shape[0], features.shape[-1]
        if points_px is None:
            points_px = features.new_zeros(batch, 1, 2)
            labels = -torch.ones(batch, 1, dtype=torch.int64, device=features.device)
        return self.sam_mask_decoder(
            features, high0, high1, self.sam_prompt_encoder.pe_layer.grid(side),
            self.sam_prompt_encoder.sparse(points_px / self.input_px, labels, 0.5 / self.input_px),
            self.sam_prompt_encoder.dense(mask_logits, batch, side))

    def without_memory(self, features):
        return features + self.no_mem_embed.view(1, -1, 1, 1)

    def pointer(self, tokens_bc, present_b1):
        """Object pointer, replaced by the learned one where the object is absent (present is 0 or 1)."""
        return present_b1 * self.obj_ptr_proj(tokens_bc) + (1 - present_b1) * self.no_obj_ptr

    def mask_pointer(self, features, high0, high1, mask_b1ss):
        """(pointer, decoder's outputs) of a frame whose mask is given; the mask is 0 or 1, input size."""
        raw = self.decode(features, high0, high1, mask_logits=self.mask_downsample(mask_b1ss))
        present = (raw[3] > 0).float()
        pointer = self.pointer(raw[2][:, 0], present)
        shown = (mask_b1ss.flatten(1).amax(1, keepdim=True) > 0).float()
        return shown * pointer + (1 - shown) * self.no_obj_ptr, raw

    def encode_memory(self, features, mask_probability_b1ss, present_b1):
        """Spatial memory [B, h * h, mem]; probabilities at input size, present is 0 or 1."""
        scaled = (mask_probability_b1ss * self.arch["sigmoid_scale_for_mem_enc"]
                  + self.arch["sigmoid_bias_for_mem_enc"])
        memory = self.memory_encoder(features, scaled).flatten(2).transpose(1, 2)
        return memory + (1 - present_b1)[..., None] * self.no_obj_embed_spatial[:, None]

    def attend_memory(self, features, spatial, pointers, pointer_scale=MAX_POINTERS - 1):
        """Conditions features on memories.

        spatial: list of (memory [B, h * h, mem], row of the temporal encoding), in order;
        pointers: list of (pointer [B, d], signed distance in frames); pointer_scale divides distances.
        """
        batch, width = features.shape[:2]
        memory, position = [], []
        for tokens, row in spatial:
            memory.append(tokens)
            position.append(self.memory_position + self.maskmem_tpos_enc[row].view(1, 1, -1))
        count = 0
        if pointers:
            pieces = width // self.arch["mem_dim"]
            stacked = torch.stack([pointer for pointer, _ in pointers], 1)
            memory.append(stacked.view(batch, len(pointers) * pieces, -1))
            distance = torch.tensor([float(d) for _, d in pointers], device=features.device) / max(pointer_scale, 1)
            code = self.obj_ptr_tpos_proj(sine_distance(distance, width))
            position.append(code.repeat_interleave(pieces, 0)[None])
            count = memory[-1].shape[1]
        x = self.memory_attention(
            features.flatten(2).transpose(1, 2), self.feature_position,
            torch.cat(memory, 1), torch.cat(position, 1), self.rope, count)
        return x.transpose(1, 2).reshape(features.shape)

    def enlarge(self, low_res):
        """Low-resolution logits to the input size, as the memory encoder wants them."""
        return F.interpolate(low_res, size=(self.input_px, self.input_px), mode="bilinear", align_corners=False)
