"""Learning from the teacher's vectors: what the encoder and the classifier share."""
import math
import random
import time

import numpy as np
import torch
from torch.nn import functional as F

from bert import mean_pool, pad

TEACHER_WIDTH = 384
WARM_UP = 100  # steps


def project(vectors, width):
    """Teacher vectors [n, 384] -> unit targets [n, width] in the directions that hold most of their length (no centring,
    so that cosines stay what they are). Prints the share of the squared length that is kept."""
    values, directions = np.linalg.eigh(vectors.T @ vectors / len(vectors))
    kept = directions[:, -width:]
    print(f'projection to {width} dimensions keeps {values[-width:].sum() / values.sum():.4f}')
    targets = torch.from_numpy(vectors @ kept)
    return F.normalize(targets, dim=-1)


def batches(lengths, tokens, draw):
    """Indices in batches of about equal length, in random order; a batch is as many texts as fit into `tokens`."""
    order = sorted(range(len(lengths)), key=lambda i: lengths[i] + draw.random())
    out, batch = [], []
    for i in order:
        if batch and (len(batch) + 1) * lengths[i] > tokens:
            out.append(batch)
            batch = []
        batch.append(i)
    out.append(batch)
    draw.shuffle(out)
    return out


def start_from_words(bert, tokenizer, texts, targets):
    """Gives each whole-word piece the teacher's view of that word; a large part of the way for a bag of words."""
    ids = {piece: i for i, piece in enumerate(tokenizer.vocab)}
    for text, target in zip(texts, targets):
        if text in ids:
            bert.words.weight.data[ids[text]] = target


def optimizer_of(parameters):
    """AdamW that decays the matrices and leaves biases and norms alone."""
    matrices, rest = [], []
    for p in parameters:
        (matrices if p.dim() > 1 else rest).append(p)
    return torch.optim.AdamW([{'params': matrices, 'weight_decay': 0.01}, {'params': rest, 'weight_decay': 0.0}])


def learning_rate(optimizer, peak, step, total):
    """Linear warm-up, then half a cosine down to zero."""
    rate = peak * min(1, (step + 1) / WARM_UP) * (0.5 + 0.5 * math.cos(math.pi * step / total))
    for group in optimizer.param_groups:
        group['lr'] = rate


def distil(bert, rows, targets, steps, peak, tokens, draw, depth=None, extra=None, report=None):
    """Moves each text of `rows` (token ids) to its target, and each pair of a batch as close as its targets are.

    steps: how many batches of about `tokens` tokens; peak: learning rate; depth: how many layers take part (None: all);
    extra(step): one more loss to add, or None; report(): called every 500 steps.
    """
    optimizer, step, started = optimizer_of(bert.parameters()), 0, time.time()
    lengths = [len(row) for row in rows]
    while step < steps:
        for batch in batches(lengths, tokens, draw)[:steps - step]:
            learning_rate(optimizer, peak, step, steps)
            ids, mask = pad([rows[i] for i in batch])
            out, target = mean_pool(bert(ids, mask, depth), mask), targets[batch]
            loss = (1 - (out * target).sum(-1)).mean() + 5 * (out @ out.T - target @ target.T).square().mean()
            more = extra(step) if extra else None
            optimizer.zero_grad()
            (loss if more is None else loss + more).backward()
            torch.nn.utils.clip_grad_norm_(bert.parameters(), 1.0)
            optimizer.step()
            step += 1
            if step % 500 == 0 or step == steps:
                print(f'step {step}  loss {loss.item():.4f}  {time.time() - started:.0f} s', flush=True)
                if report:
                    report()
