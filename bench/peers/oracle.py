"""Computes oracleLosses of workload.js in float64 with PyTorch: node dump.js | python oracle.py (see README.md)."""

import json
import sys

import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
work = json.load(sys.stdin)
model, rule = work["model"], work["optimizer"]
C, H = model["width"], model["heads"]
p = {n: torch.nn.Parameter(torch.tensor(w["values"], dtype=torch.float64).reshape(w["shape"])) for n, w in work["weights"].items()}


def norm(x, gain):
    return F.layer_norm(x, (C,), gain, None, model["normEpsilon"])


def forward(tokens):
    B, T = tokens.shape
    x = p["wte"][tokens] + p["wpe"]
    for l in range(model["layers"]):
        q, k, v = (norm(x, p[f"{l}.ln1"]) @ p[f"{l}.qkv"]).split(C, dim=2)
        q, k, v = (t.view(B, T, H, C // H).transpose(1, 2) for t in (q, k, v))
        mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).reshape(B, T, C)
        x = x + mixed @ p[f"{l}.proj"]
        x = x + F.gelu(norm(x, p[f"{l}.ln2"]) @ p[f"{l}.fc"], approximate="tanh") @ p[f"{l}.fc2"]
    return norm(x, p["lnf"]) @ p["wte"].T


groups = [
    {"params": [w for w in p.values() if w.dim() > 1], "weight_decay": rule["weightDecay"]},
    {"params": [w for w in p.values() if w.dim() == 1], "weight_decay": 0.0},
]
adamw = torch.optim.AdamW(groups, lr=rule["learningRate"], betas=tuple(rule["betas"]), eps=rule["epsilon"])
losses = []
for batch in work["batches"]:
    inputs, targets = (torch.tensor(batch[key]).view(-1, model["context"]) for key in ("inputs", "targets"))
    loss = F.cross_entropy(forward(inputs).flatten(0, 1), targets.flatten())
    adamw.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(p.values(), rule["clip"])
    adamw.step()
    losses.append(round(loss.item(), 8))
print(json.dumps(losses))
