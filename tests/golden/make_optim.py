#!/usr/bin/env python3
"""Trajectories of PyTorch's optimizers and curves of its schedulers, for tests/optim.

Run with real PyTorch: make_optim.py [DIR]. Writes steps.json (parameters after 10 and 100 steps),
mlp.json (the same of a small network, with its losses), curves.json (learning rates by epoch) and *.pt (state dicts after 10 steps, as torch.save has them).
The loss is 0.5 a (p - b)^2 + 0.1 sin(3 p), summed; a, b and the first p follow from positions, and
gradients are computed in f64 and rounded, so that the test needs nothing but arithmetic.
"""

import itertools
import json
import pathlib
import sys

import torch

OUT = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent / "optim")
SHAPES = [(3, 4), (5,)]


def constants(k, n):
    i = torch.arange(n, dtype=torch.float64)
    return 0.5 + ((i * 7 + k * 3) % 11) / 8, ((i * 5 + k) % 7) / 4 - 0.75


def start(dtype):
    out = []
    for k, shape in enumerate(SHAPES):
        n = torch.Size(shape).numel()
        i = torch.arange(n, dtype=torch.float64)
        p = ((i * 13 + k * 5) % 17) / 9 - 0.875
        out.append(torch.nn.Parameter(p.to(dtype).reshape(shape)))
    return out


def set_gradients(params):
    loss = 0.0
    for k, p in enumerate(params):
        a, b = constants(k, p.numel())
        x = p.detach().double().reshape(-1)
        loss += float((0.5 * a * (x - b) ** 2 + 0.1 * torch.sin(3 * x)).sum())
        p.grad = (a * (x - b) + 0.3 * torch.cos(3 * x)).to(p.dtype).reshape(p.shape)
    return torch.tensor(loss, dtype=torch.float64)


def run(name, groups, dtype, steps):
    """groups: options of each group; one group holds all parameters, two hold one each."""
    params = start(dtype)
    kind = getattr(torch.optim, name)
    if len(groups) == 1:
        optimizer = kind(params, **groups[0])
    else:
        optimizer = kind([{"params": [p], **g} for p, g in zip(params, groups)], lr=0.01)
    kept = {}
    for step in range(1, 101):
        optimizer.step(lambda: set_gradients(params))
        if step in steps:
            kept[step] = [v for p in params for v in p.detach().double().reshape(-1).tolist()]
        if step == 10:
            ten = optimizer.state_dict()
            ten = torch.utils._pytree.tree_map(
                lambda v: v.clone() if isinstance(v, torch.Tensor) else v, ten)
    return kept, {"optimizer": ten, "params": [torch.tensor(kept[10][a:b], dtype=torch.float64) for a, b in ((0, 12), (12, 17))]}


def product(**options):
    for values in itertools.product(*options.values()):
        yield dict(zip(options, values))


def cases():
    for o in product(lr=[0.02], momentum=[0, 0.9], dampening=[0, 0.1], weight_decay=[0, 0.05],
                     nesterov=[False, True], maximize=[False]):
        if not (o["nesterov"] and (o["momentum"] == 0 or o["dampening"] != 0)):
            yield "SGD", [o]
    yield "SGD", [dict(lr=0.001, momentum=0.5, maximize=True)]
    for name in ("Adam", "AdamW"):
        for o in product(lr=[0.03], betas=[(0.9, 0.999), (0.4, 0.9)], weight_decay=[0, 0.05],
                         amsgrad=[False, True]):
            yield name, [o]
        yield name, [dict(lr=0.003, maximize=True)]
        yield name, [dict(lr=0.01, eps=0.1)]
    yield "Adam", [dict(lr=0.02, weight_decay=0.1, decoupled_weight_decay=True)]
    yield "Adam", [dict(lr=0.02), dict(betas=(0.8, 0.9), weight_decay=0.1)]
    for o in product(lr=[0.02], alpha=[0.9], momentum=[0, 0.7], centered=[False, True],
                     weight_decay=[0, 0.05]):
        yield "RMSprop", [o]
    yield "RMSprop", [dict(lr=0.003, eps=0.01, maximize=True)]
    for o in product(lr=[0.1], lr_decay=[0, 0.01], weight_decay=[0, 0.05],
                     initial_accumulator_value=[0, 0.3]):
        yield "Adagrad", [o]
    yield "Adagrad", [dict(lr=0.01, eps=0.1, maximize=True)]
    yield "LBFGS", [dict(lr=0.1)]
    yield "LBFGS", [dict(lr=0.3, max_iter=3, history_size=2)]
    yield "LBFGS", [dict(lr=1, max_iter=2, line_search_fn="strong_wolfe")]
    yield "LBFGS", [dict(lr=0.05, max_iter=4, max_eval=3, history_size=5, tolerance_change=1e-12)]


def steps():
    out = []
    saved = {}
    for name, groups in cases():
        for dtype in (torch.float64, torch.float32):
            if name == "LBFGS" and dtype == torch.float32:
                continue
            kept, ten = run(name, groups, dtype, (10, 100))
            out.append({"optimizer": name, "groups": groups, "dtype": str(dtype)[6:],
                        "after_10": kept[10], "after_100": kept[100]})
            if name == "LBFGS" and "history_size" not in groups[0]:
                continue
            saved.setdefault(name if len(groups) == 1 else name + "Groups", (ten, len(out) - 1))
            if groups[0].get("momentum") and groups[0].get("centered") or groups[0].get("amsgrad"):
                saved.setdefault(name + "Full", (ten, len(out) - 1))
    for file, (ten, index) in saved.items():
        ten["case"] = index
        torch.save(ten, OUT / f"{file.lower()}.pt")
    return out


def pattern(n, k):
    """n numbers in [-1, 1) that follow from positions, exact in f32."""
    i = torch.arange(n, dtype=torch.float64)
    return ((i * 37 + k * 11 + (i * i) % 23 * 5) % 64) / 32 - 1


def network(dtype, activation):
    layers = torch.nn.Sequential(torch.nn.Linear(5, 9), activation(), torch.nn.Linear(9, 7),
                                 torch.nn.Tanh(), torch.nn.Linear(7, 3)).to(dtype)
    with torch.no_grad():
        for k, p in enumerate(layers.parameters()):
            p.copy_((pattern(p.numel(), k) / 2).to(dtype).reshape(p.shape))
    return layers


def mlp_cases():
    """Options under which rounding is not amplified: with these PyTorch's own weights in f32 move by
    less than 6e-7 when the samples change places. Accumulators that begin at zero with a small eps
    turn tiny gradients, which are rounding noise, into whole steps."""
    yield "SGD", dict(lr=0.1)
    yield "SGD", dict(lr=0.05, momentum=0.9)
    yield "SGD", dict(lr=0.05, momentum=0.9, nesterov=True, weight_decay=0.01)
    yield "Adam", dict(lr=0.01, eps=0.001)
    yield "Adam", dict(lr=0.01, betas=(0.8, 0.95), weight_decay=0.01, amsgrad=True)
    yield "AdamW", dict(lr=0.01, eps=0.001)
    yield "AdamW", dict(lr=0.01, weight_decay=0.1, amsgrad=True, eps=0.001)
    yield "RMSprop", dict(lr=0.003, eps=0.01)
    yield "RMSprop", dict(lr=0.003, alpha=0.9, eps=0.1, momentum=0.7, centered=True)
    yield "Adagrad", dict(lr=0.05, eps=0.01)
    yield "Adagrad", dict(lr=0.05, lr_decay=0.01, weight_decay=0.01,
                          initial_accumulator_value=0.1)
    yield "LBFGS", dict(lr=0.2, max_iter=4, history_size=8)
    yield "LBFGS", dict(lr=1, max_iter=4, history_size=8, line_search_fn="strong_wolfe")


def mlp():
    """Cross entropy on 16 samples of three classes, with a little weight decay in the loss.

    LBFGS gets a smooth network and more decay, so that it arrives somewhere: wandering in a flat
    valley it amplifies the last bit of the loss, in PyTorch as well, to the first digit of weights.
    """
    out = []
    for name, options in mlp_cases():
        for dtype in (torch.float64, torch.float32):
            if name == "LBFGS" and dtype == torch.float32:
                continue
            smooth = name == "LBFGS"
            decay = 0.03 if smooth else 0.001
            layers = network(dtype, torch.nn.Tanh if smooth else torch.nn.ReLU)
            inputs = pattern(16 * 5, 7).to(dtype).reshape(16, 5)
            classes = torch.arange(16) * 5 % 3
            optimizer = getattr(torch.optim, name)(layers.parameters(), **options)

            def closure():
                optimizer.zero_grad()
                loss = torch.nn.functional.cross_entropy(layers(inputs), classes)
                loss = loss + decay * sum(p.square().sum() for p in layers.parameters())
                loss.backward()
                return loss

            case = {"optimizer": name, "groups": [options], "dtype": str(dtype)[6:],
                    "decay": decay, "losses": []}
            for step in range(1, 101):
                case["losses"].append(optimizer.step(closure).item())
                if step in (10, 100):
                    case[f"after_{step}"] = [
                        v for p in layers.parameters()
                        for v in p.detach().double().reshape(-1).tolist()]
            case["losses"] = case["losses"][::11]
            out.append(case)
    return out


def curves():
    s = torch.optim.lr_scheduler
    kinds = {
        "StepLR": (s.StepLR, [dict(step_size=3), dict(step_size=1, gamma=0.9)]),
        "MultiStepLR": (s.MultiStepLR, [dict(milestones=[2, 7, 7, 11], gamma=0.5)]),
        "ExponentialLR": (s.ExponentialLR, [dict(gamma=0.93)]),
        "CosineAnnealingLR": (s.CosineAnnealingLR, [dict(T_max=10), dict(T_max=7, eta_min=0.01)]),
        "LinearLR": (s.LinearLR, [dict(), dict(start_factor=0.2, end_factor=0.7, total_iters=9)]),
        "LambdaLR": (s.LambdaLR, [dict(lr_lambda=lambda e: 0.95 ** e)]),
    }
    out = []
    for name, (kind, options) in kinds.items():
        for o in options:
            a, b = start(torch.float64)
            optimizer = torch.optim.SGD([{"params": [a]}, {"params": [b], "lr": 0.4}], lr=0.1)
            scheduler = kind(optimizer, **o)
            rates = []
            for _ in range(40):
                rates.append([g["lr"] for g in optimizer.param_groups])
                optimizer.step()
                scheduler.step()
            o.pop("lr_lambda", None)
            out.append({"scheduler": name, "options": o, "rates": rates})
    for o in (dict(), dict(mode="max", factor=0.5, patience=1, cooldown=2),
              dict(patience=2, threshold=0.05, threshold_mode="abs", min_lr=[0.02, 0.3]),
              dict(mode="max", threshold_mode="abs", threshold=0.2, patience=0, eps=0.03)):
        a, b = start(torch.float64)
        optimizer = torch.optim.SGD([{"params": [a]}, {"params": [b], "lr": 0.4}], lr=0.1)
        scheduler = s.ReduceLROnPlateau(optimizer, **o)
        rates = []
        for epoch in range(60):
            rates.append([g["lr"] for g in optimizer.param_groups])
            scheduler.step(((epoch * 7) % 13) / 13 + 1 / (epoch + 1))
        out.append({"scheduler": "ReduceLROnPlateau", "options": o, "rates": rates})
    return out


def main():
    OUT.mkdir(exist_ok=True)
    (OUT / "steps.json").write_text("[\n" + ",\n".join(json.dumps(c) for c in steps()) + "\n]\n")
    (OUT / "mlp.json").write_text("[\n" + ",\n".join(json.dumps(c) for c in mlp()) + "\n]\n")
    (OUT / "curves.json").write_text("[\n" + ",\n".join(json.dumps(c) for c in curves()) + "\n]\n")


if __name__ == "__main__":
    main()
