"""Goes on with a run of Flopscope in PyTorch: the same batches, schedule and optimizer from the step where it stood.

    pip install torch transformers accelerate
    python train.py                                  one process
    torchrun --nproc-per-node 8 train.py             FSDP over the GPUs of a machine; more machines as torchrun has it
    accelerate launch --use_fsdp --num_processes 8 train.py     the same by Accelerate's launcher

Prints a JSON line a step on the first process, and writes OUT in this folder's own form: `--from OUT` goes on from there, and
OUT/model opens in Transformers and in Flopscope. --help lists what else can be chosen.
"""

import argparse
import json
import math
import os
import shutil
import time
from pathlib import Path

import numpy
import torch
import torch.distributed as dist
import torch.nn.functional as F
import transformers
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import FSDPModule, fully_shard
from torch.distributed.tensor import DTensor, distribute_tensor

HERE = Path(__file__).resolve().parent
# What each optimizer calls the states that the folder has under Flopscope's names.
STATES = {
    "adamw": {"moment0": "exp_avg", "moment1": "exp_avg_sq"},
    "sgd": {"moment0": "momentum_buffer"},
    "lion": {"moment0": "exp_avg"},
}


class Batches:
    """Rows at random places of the training tokens, in Flopscope's order: xoshiro128** 1.1 (Blackman and Vigna 2018)."""

    def __init__(self, tokens, context, state):
        self.tokens, self.context, self.state = tokens, context, list(state)

    def word(self):
        s, mask = self.state, 0xFFFFFFFF
        turned = (s[1] * 5) & mask
        result = (((turned << 7) | (turned >> 25)) * 9) & mask
        shifted = (s[1] << 9) & mask
        s[2] ^= s[0]
        s[3] ^= s[1]
        s[1] ^= s[2]
        s[0] ^= s[3]
        s[2] ^= shifted
        s[3] = ((s[3] << 11) | (s[3] >> 21)) & mask
        return result

    def offset(self):
        bound = len(self.tokens) - self.context
        limit = 2**32 - 2**32 % bound  # what lies above would favour small places: it is drawn again
        value = self.word()
        while value >= limit:
            value = self.word()
        return value % bound

    def rows(self, count):
        """[count, context + 1] token ids."""
        places = [self.offset() for _ in range(count)]
        return torch.stack([row_at(self.tokens, place, self.context) for place in places])


def row_at(tokens, place, context):
    return torch.from_numpy(tokens[place : place + context + 1].astype(numpy.int64))


class Lion(torch.optim.Optimizer):
    """Signs of a mean of gradients (Chen et al. 2023, algorithm 2)."""

    def __init__(self, parameters, lr, betas, weight_decay):
        super().__init__(parameters, {"lr": lr, "betas": betas, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            beta1, beta2 = group["betas"]
            for p in (p for p in group["params"] if p.grad is not None):
                mean = self.state[p].setdefault("exp_avg", torch.zeros_like(p))
                p.mul_(1 - group["lr"] * group["weight_decay"])
                p.add_(torch.sign(mean.lerp(p.grad, 1 - beta1)), alpha=-group["lr"])
                mean.lerp_(p.grad, 1 - beta2)


def learning_rate(train, step):
    """Of the update `step`, counted from 0: linear warm-up, then the run's schedule."""
    schedule, rate, steps = train["schedule"], train["optimizer"]["learningRate"], train["steps"]
    kind, warmup, least = schedule["kind"], schedule["warmupSteps"], schedule["minimumLearningRate"]
    if step < warmup:
        return rate * (step + 1) / (warmup + 1)
    if kind == "constant":
        return rate
    if kind == "inverseSquareRoot":
        return rate * math.sqrt(max(1, warmup) / max(1, step))
    if step >= steps:
        return least
    start = max(warmup, steps * (1 - schedule["decayFraction"])) if kind == "warmupStableDecay" else warmup
    if step <= start:
        return rate
    progress = (step - start) / (steps - start)
    remaining = 0.5 * (1 + math.cos(math.pi * progress)) if kind == "cosine" else 1 - progress
    return least + remaining * (rate - least)


def open_model(folder):
    """All numbers in float32, whatever the device computes in."""
    return transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)


def sharded(model, device, world):
    """The model on its device; with several processes every block is sharded over them, and what is around the blocks too."""
    model.to(device)
    if world == 1:
        return model
    mesh = init_device_mesh(device.type, (world,))
    lists = [m for m in model.modules() if isinstance(m, torch.nn.ModuleList)]
    for block in max(lists, key=lambda m: sum(p.numel() for p in m.parameters()), default=[]):
        fully_shard(block, mesh=mesh)
    return fully_shard(model, mesh=mesh)


def make_optimizer(model, settings):
    kind, decay, rate = settings["kind"], settings["weightDecay"], settings["learningRate"]
    trained = [p for p in model.parameters() if p.requires_grad]
    # Matrices and embeddings decay, norms and biases do not.
    groups = [
        {"params": [p for p in trained if p.ndim >= 2], "weight_decay": decay},
        {"params": [p for p in trained if p.ndim < 2], "weight_decay": 0.0},
    ]
    groups = [group for group in groups if group["params"]]
    betas = (settings["beta1"], settings["beta2"])
    if kind == "adamw":
        return torch.optim.AdamW(groups, lr=rate, betas=betas, eps=settings["epsilon"])
    if kind == "sgd":
        return torch.optim.SGD(groups, lr=rate, momentum=settings["momentum"])
    if kind == "lion":
        return Lion(groups, rate, betas, decay)
    raise SystemExit(f"run.json: the optimizer {kind!r} is not known here. Known: {', '.join(STATES)}.")


def load_states(optimizer, model, folder, kind, step):
    """Every state lies in the folder as a model of its own, so that Transformers turns it into the parameters' own layout."""
    for name, key in STATES[kind].items():
        values = dict(open_model(folder / "optimizer" / name).named_parameters())
        for parameter_name, p in model.named_parameters():
            if not p.requires_grad:
                continue
            value = values[parameter_name].detach().to(p.device)
            if isinstance(p, DTensor):
                value = distribute_tensor(value, p.device_mesh, p.placements)
            optimizer.state[p][key] = value
            if kind == "adamw":
                optimizer.state[p]["step"] = torch.tensor(float(step))


def whole(tensor):
    """A tensor of all processes, on the processor; every process must ask."""
    tensor = tensor.full_tensor() if isinstance(tensor, DTensor) else tensor
    return tensor.detach().cpu()


def save(out, source, model, optimizer, run, rank):
    kind = run["experiment"]["train"]["optimizer"]["kind"]
    parts = {"model": {name: whole(p) for name, p in model.named_parameters()}}
    for name, key in STATES[kind].items():
        state = {n: whole(optimizer.state[p][key]) for n, p in model.named_parameters() if p.requires_grad}
        frozen = {n: torch.zeros_like(parts["model"][n]) for n in parts["model"] if n not in state}
        parts[f"optimizer/{name}"] = {**state, **frozen}
    if rank == 0:
        beside = out.with_name(out.name + ".tmp")
        shutil.rmtree(beside, ignore_errors=True)
        for name, tensors in parts.items():
            plain = open_model(source / name)
            plain.load_state_dict(tensors, strict=False)  # a tied head is there once
            plain.save_pretrained(beside / name)
        for file in sorted((source / "model").glob("*")):
            if not (beside / "model" / file.name).exists() and ".safetensors" not in file.name:
                shutil.copy(file, beside / "model")
        (beside / "run.json").write_text(json.dumps(run, indent=2) + "\n")
        shutil.rmtree(out, ignore_errors=True)
        beside.rename(out)
    if dist.is_initialized():
        dist.barrier()


def target_loss(model, rows, positions, autocast):
    """Sum over the targets of some rows, and how many they are."""
    with autocast():
        logits = model(rows[:, :-1], use_cache=False).logits
    logits, targets = logits.float(), rows[:, 1:]
    if positions == "last":
        logits, targets = logits[:, -1:], targets[:, -1:]
    return F.cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="sum"), targets.numel()


def total(value, device):
    value = torch.as_tensor(value, dtype=torch.float64, device=device)
    if dist.is_initialized():
        dist.all_reduce(value)
    return value.item()


@torch.no_grad()
def evaluate(model, tokens, context, train, rank, world, device, autocast):
    """Mean loss over windows evenly spaced in the held-out tokens, the same ones as in Flopscope."""
    model.eval()
    count = train["batch"] * train["evaluationBatches"]
    last = len(tokens) - context - 1
    places = [index * last // max(1, count - 1) for index in range(count)]
    # Every process must take part as often: the last rows of some are counted with no weight.
    rounds = math.ceil(count / (train["batch"] * world))
    loss = targets = 0.0
    for index in range(rounds):
        first = (index * world + rank) * train["batch"]
        mine = places[first : first + train["batch"]]
        rows = torch.stack([row_at(tokens, place, context) for place in mine or places[:1]]).to(device)
        part, size = target_loss(model, rows, train["lossPositions"], autocast)
        if mine:
            loss, targets = loss + part.item(), targets + size
    for module in model.modules():
        if isinstance(module, FSDPModule):
            module.reshard()  # after a forward pass alone the outermost parameters stay whole
    model.train()
    return total(loss, device) / total(targets, device)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--from", dest="source", type=Path, default=HERE, help="folder to go on from; this one unless given")
    parser.add_argument("--out", type=Path, default=HERE / "out", help="written at the end, and every --save-every steps")
    parser.add_argument("--steps", type=int, help="stop after this step of the schedule; its end unless given")
    parser.add_argument("--save-every", type=int, default=1000)
    parser.add_argument("--rows", type=int, help="rows of one forward pass; the run's batch, shared out, unless given")
    parser.add_argument("--bf16", action="store_true", help="compute in bfloat16; weights and moments stay in float32")
    return parser.parse_args()


def main():
    options = arguments()
    rank, world = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
    on_gpu = torch.cuda.is_available()
    device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", 0))) if on_gpu else torch.device("cpu")
    if on_gpu:
        torch.cuda.set_device(device)
    if world > 1:
        dist.init_process_group("nccl" if on_gpu else "gloo")
    transformers.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()

    run = json.loads((options.source / "run.json").read_text())
    experiment, progress, data = run["experiment"], run["progress"], run["tokens"]
    train, context = experiment["train"], experiment["model"]["context"]
    kind = train["optimizer"]["kind"]
    tokens = {name: numpy.memmap(HERE / f"{name}.bin", dtype=data["dtype"], mode="r") for name in ("training", "validation")}
    for name, found in tokens.items():
        if len(found) != data[name]:
            raise SystemExit(f"{name}.bin has {len(found)} tokens, run.json says {data[name]}. Copy the folder again.")
    rows_of_step = train["batch"] * train["accumulation"]
    if rows_of_step % world != 0:
        raise SystemExit(f"{rows_of_step} rows a step cannot be shared by {world} processes. Take a number that divides them.")

    torch.manual_seed(train["seeds"]["dropout"] + rank)  # dropout is drawn anew; all else is as it was
    model = open_model(options.source / "model")
    frozen = set(run["frozen"])
    for name, p in model.named_parameters():
        p.requires_grad_(name not in frozen)
    if train["recompute"] == "blocks":
        model.gradient_checkpointing_enable()
    model = sharded(model, device, world)
    model.train()
    optimizer = make_optimizer(model, train["optimizer"])
    load_states(optimizer, model, options.source, kind, progress["step"])
    batches = Batches(tokens["training"], context, run["cursor"]["state"])
    trained = [p for p in model.parameters() if p.requires_grad]

    def autocast():
        return torch.autocast(device.type, dtype=torch.bfloat16, enabled=options.bf16)

    steps = train["steps"] if options.steps is None else options.steps
    at_once = options.rows or max(1, train["batch"] // world)
    for step in range(progress["step"], steps):
        begin = time.perf_counter()
        rate = learning_rate(train, step)
        mine = batches.rows(rows_of_step)[rank::world].to(device)
        targets = rows_of_step * (1 if train["lossPositions"] == "last" else context)
        loss = 0.0
        for rows in mine.split(at_once):
            part, _ = target_loss(model, rows, train["lossPositions"], autocast)
            (part * world / targets).backward()  # processes are averaged: the mean over all targets comes out
            loss += part.item()
        norm = torch.nn.utils.clip_grad_norm_(trained, train["clip"] or math.inf)
        norm = whole(norm).item()
        if math.isfinite(norm):  # a step that is not finite changes nothing
            for group in optimizer.param_groups:
                group["lr"] = rate
            optimizer.step()
        optimizer.zero_grad()
        loss = total(loss, device) / targets
        seconds = time.perf_counter() - begin
        run["progress"] = {"step": step + 1, "tokens": progress["tokens"] + (step + 1 - progress["step"]) * rows_of_step * context,
                           "seconds": run["progress"]["seconds"] + seconds}
        run["cursor"]["state"] = batches.state
        line = {"step": step + 1, "loss": loss, "learningRate": rate, "gradientNorm": norm,
                "tokensPerSecond": rows_of_step * context / seconds}
        interval = train["evaluationInterval"]
        if interval > 0 and ((step + 1) % interval == 0 or step + 1 == steps):
            line["validationLoss"] = evaluate(model, tokens["validation"], context, train, rank, world, device, autocast)
        if rank == 0:
            print(json.dumps(line), flush=True)
        if step + 1 == steps or (step + 1) % options.save_every == 0:
            save(options.out, options.source, model, optimizer, run, rank)
    if dist.is_initialized():
        dist.destroy_process_group()


if __name__ == "__main__":
    main()
