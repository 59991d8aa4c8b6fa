"""Trains Twohop's embedded chat model and writes it to models/twohop-chat. See README.md here.

usage: /usr/bin/python3 train.py [--steps 2800] [--out ../../twohop-chat]
"""
import argparse
import json
import math
import os
import random
import time
from pathlib import Path

# OpenBLAS has threads of its own, which wait for each other by spinning: on a busy machine that is most of the time.
for name in ('OPENBLAS_NUM_THREADS', 'OMP_NUM_THREADS'):
    os.environ.setdefault(name, '1')

import torch
from torch.nn import functional as F

import corpus
import export
import tokenizer
import variety
from model import Chat, Shape

HERE = Path(__file__).parent
SEED, BATCH, RATE, DECAY = 20260, 24, 3e-3, 0.1
OPENING, OPENING_SHARE = 12, 0.65
POOL = 16  # batches drawn at once and cut by length, so that little is spent on padding


def batches(entries, conversations, tok, rng, unseen):
    """Endless (ids, targets) pairs, each [BATCH, length]; a target of -100 is not learned.

    OPENING_SHARE of the answers are cut after OPENING tokens: how an answer starts decides which one it is, and that
    is what takes practice. Saying the rest by heart is learned sooner.
    """
    rounds = []
    while True:
        pool = []
        while len(pool) < BATCH * POOL:
            if not rounds:
                rounds = entries + conversations
                rng.shuffle(rounds)
            e = rounds.pop()
            turns = e if isinstance(e, list) else variety.conversation(e, entries, rng, unseen)
            ids, learned = tok.chat(turns, dropout=0.03, rng=rng)
            end = last_answer(learned) + OPENING if rng.random() < OPENING_SHARE else None
            pool.append((ids[:end], learned[:end]))
        pool.sort(key=lambda p: len(p[0]))
        cuts = [pool[i:i + BATCH] for i in range(0, len(pool), BATCH)]
        rng.shuffle(cuts)
        for cut in cuts:
            longest = max(len(ids) for ids, _ in cut)
            ids = torch.zeros(len(cut), longest, dtype=torch.long)
            targets = torch.full((len(cut), longest), -100)
            for row, (tokens, learned) in enumerate(cut):
                ids[row, :len(tokens)] = torch.tensor(tokens)
                wanted = [t if l else -100 for t, l in zip(tokens, learned)]
                targets[row, :len(tokens) - 1] = torch.tensor(wanted[1:])
            yield ids, targets


def last_answer(learned):
    """Where the last run of learned tokens starts."""
    return max(i for i in range(1, len(learned)) if learned[i] and not learned[i - 1])


def loss_of(model, ids, targets):
    """Mean cross entropy over what is to be learned; the head runs on those positions only."""
    chosen = targets != -100
    return F.cross_entropy(model.logits(model(ids)[chosen]), targets[chosen])


def train(model, data, steps):
    decayed = [p for p in model.parameters() if p.dim() > 1]
    plain = [p for p in model.parameters() if p.dim() <= 1]
    optimizer = torch.optim.AdamW([dict(params=decayed, weight_decay=DECAY), dict(params=plain, weight_decay=0.0)], betas=(0.9, 0.98))
    began, mean = time.time(), None
    for step in range(1, steps + 1):
        rate = RATE * min(step / 100, 0.5 + 0.5 * math.cos(math.pi * step / steps) + 0.01)
        for group in optimizer.param_groups:
            group['lr'] = rate
        model.train()
        loss = loss_of(model, *next(data))
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        mean = loss.item() if mean is None else 0.98 * mean + 0.02 * loss.item()
        if step % 100 == 0:
            print(f'step {step}/{steps}  loss {mean:.4f}  {time.time() - began:.0f} s', flush=True)


def accuracy(model, tok, asked):
    """Adds to each of `asked` its `prompt` ids and what the model `said`, greedily; returns the share said word for word."""
    for a in asked:
        a['prompt'] = tok.prompt([dict(role='user', content=a['question'])])
    for a, ids in zip(asked, model.answers([a['prompt'] for a in asked], tokenizer.END)):
        a['said'] = tok.decode(ids)
    return sum(a['said'] == a['answer'] for a in asked) / len(asked)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--steps', type=int, default=2800)
    parser.add_argument('--threads', type=int, default=1)
    parser.add_argument('--out', type=Path, default=HERE.parent.parent / 'twohop-chat')
    options = parser.parse_args()
    torch.manual_seed(SEED)
    torch.set_num_threads(options.threads)
    rng = random.Random(SEED)

    entries, conversations = corpus.read()
    entries, held = corpus.split(entries, SEED)
    texts = [t for e in entries for t in [*e['asked'], *[q.lower() for q in e['asked']], *e['open'], e['answer']]]
    texts += [turn['content'] for turns in conversations for turn in turns] + variety.SYSTEMS + ['system\n', 'user\n', 'assistant\n'] * 9
    texts += [' ' + w for words in corpus.WORDS.values() for w in words]
    tok = tokenizer.learn(texts, Shape.vocab)
    model = Chat(Shape(vocab=len(tok.vocab)))
    by_hand, made = (sum(len(e[kind]) for e in entries) for kind in ('asked', 'made'))
    print(f'{len(entries)} questions, {by_hand} phrasings by hand, {made} from patterns, {len(conversations)} conversations, '
          f'{len(held)} held out, {len(tok.vocab)} tokens, {sum(p.numel() for p in model.parameters())} parameters', flush=True)

    # A question counts once a round; an off-topic answer counts once for every two questions listed under it.
    weighted = [e for e in entries for _ in range(len(e['asked']) // 2 if e['file'] == 'offtopic' else 1)]
    unseen = {corpus.plain(h['question']) for h in held}
    train(model, batches(weighted, conversations * 4, tok, rng, unseen), options.steps)

    print(f'held-out phrasings answered word for word: {accuracy(model, tok, held):.1%} of {len(held)}')
    (HERE / 'heldout.jsonl').write_text(''.join(json.dumps(h, ensure_ascii=False) + '\n' for h in held), 'utf-8')
    print(f'graph: {export.save(model, tok, options.out)} bytes in {options.out}')


if __name__ == '__main__':
    main()
