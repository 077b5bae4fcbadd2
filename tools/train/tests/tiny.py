"""The smallest architecture that keeps every rule, for tests that train or run it."""

TINY = {"image_size": 64, "embed_dim": 16, "num_heads": 1, "stages": [1, 1, 2, 1], "global_att_blocks": [3],
        "window_pos_embed_bkg_spatial_size": [4, 4], "window_spec": [8, 8, 8, 8],
        "backbone_channel_list": [128, 64, 32, 16], "d_model": 32, "mem_dim": 16, "memory_attention_layers": 1,
        "memory_attention_dim_feedforward": 64, "num_maskmem": 7, "neck_scalp": 1, "fpn_top_down_levels": [2, 3],
        "backbone_q_pool": 3, "head_mul": 2.0, "rope_theta": 10000.0, "sigmoid_scale_for_mem_enc": 20.0,
        "sigmoid_bias_for_mem_enc": -10.0}
