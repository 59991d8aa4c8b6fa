"""Trains Twohop's embedded chat model and writes it to models/twohop-chat. See README.md here.

usage: /usr/bin/python3 train.py [--steps 4200] [--out ../../twohop-chat]
"""
import argparse
import json
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
SEED, BATCH, RATE, DECAY = 20260, 32, 3e-3, 0.1
# Of the questions; off-topic ones that are held out are in a file of their own. DEV, of both kinds, is asked while it trains.
HELD_OUT, DEV = 0.3, (0.2, 0.1)
OPENING, OPENING_SHARE = 8, 0.8
# Of all questions that are asked in training. A refusal has to win wherever no answer does.
OFF_TOPIC_SHARE = 0.36
# Afterwards, so many steps at a lower rate in which the questions of must.txt are asked more often.
TOUCH_UP, TOUCH_UP_RATE, MUST_SHARE = 80, 4e-4, 0.25
# So much of what those steps changed is kept.
KEPT = 0.7
# Steps in which the rate grows, at most; and the share of all steps in which it falls again. Between them it stays.
WARM_UP, COOL_DOWN = 100, 0.35
# What telling the question's answer apart counts for, beside saying it.
CLASS_WEIGHT = 0.3
FOREIGN = {'spanish', 'french', 'german', 'italian', 'portuguese', 'dutch', 'nordic', 'slavic', 'farther'}
POOL = 16  # batches drawn at once and cut by length, so that little is spent on padding


def batches(entries, weighted, conversations, tok, rng, unseen, must=()):
    """Endless (ids, targets, starts, classes): two of [BATCH, length], where each answer starts, and which one it is.

    A target or a class of -100 is not learned.

    OPENING_SHARE of the answers are cut after OPENING tokens: how an answer starts decides which one it is, and that
    is what takes practice. Saying the rest by heart is learned sooner.
    """
    rounds = []
    while True:
        pool = []
        while len(pool) < BATCH * POOL:
            if not rounds:
                rounds = weighted + conversations
                rng.shuffle(rounds)
            e = rounds.pop()
            turns, answered = (e, None) if isinstance(e, list) else variety.conversation(e, entries, rng, unseen)
            if must and rng.random() < MUST_SHARE:
                turns, answered = variety.nearly(*rng.choice(must), rng)
            ids, learned = tok.chat(turns, dropout=0.05, rng=rng)
            start = last_answer(learned)
            end = start + OPENING if rng.random() < OPENING_SHARE else None
            pool.append((ids[:end], learned[:end], start - 1, -100 if answered is None else answered['number']))
        pool.sort(key=lambda p: len(p[0]))
        cuts = [pool[i:i + BATCH] for i in range(0, len(pool), BATCH)]
        rng.shuffle(cuts)
        for cut in cuts:
            longest = max(len(ids) for ids, *_ in cut)
            ids = torch.zeros(len(cut), longest, dtype=torch.long)
            targets = torch.full((len(cut), longest), -100)
            for row, (tokens, learned, *_) in enumerate(cut):
                ids[row, :len(tokens)] = torch.tensor(tokens)
                wanted = [t if l else -100 for t, l in zip(tokens, learned)]
                targets[row, :len(tokens) - 1] = torch.tensor(wanted[1:])
            starts, classes = zip(*(of for _, _, *of in cut))
            yield ids, targets, torch.tensor(starts), torch.tensor(classes)


def last_answer(learned):
    """Where the last run of learned tokens starts."""
    return max(i for i in range(1, len(learned)) if learned[i] and not learned[i - 1])


def loss_of(model, which, ids, targets, starts, classes):
    """Mean cross entropy over what is to be learned; the head runs on those positions only.

    `which` tells from where an answer starts which one it will be. It is dropped after training: all it does is to
    make the model gather the whole question there, as otherwise only the first few tokens ask for.
    """
    chosen = targets != -100
    hidden = model(ids)
    said = F.cross_entropy(model.logits(hidden[chosen]), targets[chosen])
    known = classes != -100  # none may be, in a batch of conversations
    told = F.cross_entropy(which(hidden[torch.arange(len(ids)), starts][known]), classes[known], reduction='sum')
    return said, told / max(1, known.sum())


def train(model, data, steps, highest, answers, class_weight, check):
    which = torch.nn.Linear(model.shape.width, answers, bias=False)
    decayed = [p for p in [*model.parameters(), which.weight] if p.dim() > 1]
    plain = [p for p in model.parameters() if p.dim() <= 1]
    optimizer = torch.optim.AdamW([dict(params=decayed, weight_decay=DECAY), dict(params=plain, weight_decay=0.0)], betas=(0.9, 0.98))
    began, mean = time.time(), None
    for step in range(1, steps + 1):
        rate = highest * min(step / min(WARM_UP, steps / 8), (steps - step) / (COOL_DOWN * steps) + 0.01, 1)
        for group in optimizer.param_groups:
            group['lr'] = rate
        model.train()
        loss, told = loss_of(model, which, *next(data))
        optimizer.zero_grad()
        (loss + class_weight * told).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        mean = loss.item() if mean is None else 0.98 * mean + 0.02 * loss.item()
        if step % 100 == 0:
            print(f'step {step}/{steps}  loss {mean:.4f}  {time.time() - began:.0f} s', flush=True)
        if step % 500 == 0:
            check()


def ask(model, tok, asked, limit):
    """Adds to each of `asked` its `prompt` ids and what the model `said`, greedily, up to `limit` tokens."""
    for a in asked:
        a['prompt'] = tok.prompt([dict(role='user', content=a['question'])])
    for a, ids in zip(asked, model.answers([a['prompt'] for a in asked], tokenizer.END, limit)):
        a['said'] = tok.decode(ids)


def report(name, model, tok, asked, refusals, limit=160):
    """Asks and prints the shares of right answers; with a low `limit` the beginning of an answer stands for all of it."""
    ask(model, tok, asked, limit)
    begins = lambda answer, said: said == answer or (limit < 160 and answer.startswith(said))
    about, off = ([a for a in asked if (a['file'] == 'offtopic') == kind] for kind in (False, True))
    right = sum(begins(a['answer'], a['said']) for a in about)
    refused = sum(any(begins(r, a['said']) for r in refusals) for a in off)
    print(f'{name}: {right} of {len(about)} about Twohop answered, {refused} of {len(off)} off-topic refused', flush=True)


def weigh(entries):
    """The entries with repetition: a question once, an off-topic answer by its questions, OFF_TOPIC_SHARE of all together."""
    topics, off = ([e for e in entries if (e['file'] == 'offtopic') == kind] for kind in (False, True))
    per_question = len(topics) * OFF_TOPIC_SHARE / (1 - OFF_TOPIC_SHARE) / sum(len(e['asked']) for e in off)
    return topics + [e for e in off for _ in range(max(1, round(per_question * len(e['asked']))))]


def learn_tokens(entries, conversations):
    texts = [t for e in entries for t in [*e['asked'], *[q.lower() for q in e['asked']], *e['open'], e['answer']]]
    texts += [turn['content'] for turns in conversations for turn in turns] + variety.SYSTEMS + ['system\n', 'user\n', 'assistant\n'] * 9
    texts += [' ' + w for name, words in corpus.WORDS.items() if name not in FOREIGN for w in words]
    return tokenizer.learn(texts, Shape.vocab)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--steps', type=int, default=4200)
    parser.add_argument('--threads', type=int, default=1)
    parser.add_argument('--out', type=Path, default=HERE.parent.parent / 'twohop-chat')
    options = parser.parse_args()
    torch.manual_seed(SEED)
    torch.set_num_threads(options.threads)
    rng = random.Random(SEED)

    entries, conversations = corpus.read()
    off_topic = corpus.off_topic_held_out()
    entries, held = corpus.split(entries, SEED, HELD_OUT, held=off_topic)
    held += off_topic
    entries, dev = corpus.split(entries, SEED + 1, *DEV, held)
    answers = sorted({e['answer'] for e in entries})
    for e in entries:
        e['number'] = answers.index(e['answer'])
    refusals = [e['answer'] for e in entries if e['file'] == 'offtopic']
    tok = learn_tokens(entries, conversations)
    model = Chat(Shape(vocab=len(tok.vocab)))
    by_hand, made = (sum(len(e[kind]) for e in entries) for kind in ('asked', 'made'))
    print(f'{len(entries)} questions, {by_hand} phrasings by hand, {made} from patterns, {len(conversations)} conversations, '
          f'{len(held)} held out, {len(tok.vocab)} tokens, {sum(p.numel() for p in model.parameters())} parameters', flush=True)

    unseen = {corpus.plain(h['question']) for h in held + dev}
    data = batches(entries, weigh(entries), conversations * 2, tok, rng, unseen)
    check = lambda: report('dev', model, tok, dev, refusals, limit=10)
    train(model, data, options.steps, RATE, len(answers), CLASS_WEIGHT, check)
    before, must = {name: p.detach().clone() for name, p in model.named_parameters()}, corpus.must(entries, unseen)
    train(model, batches(entries, weigh(entries), conversations * 2, tok, rng, unseen, must), TOUCH_UP, TOUCH_UP_RATE, len(answers), CLASS_WEIGHT / 6, check)
    with torch.no_grad():  # what was lost of the rest meanwhile mostly comes back on the way
        for name, p in model.named_parameters():
            p.lerp_(before[name], 1 - KEPT)

    report('held out', model, tok, held, refusals)
    (HERE / 'heldout.jsonl').write_text(''.join(json.dumps(h, ensure_ascii=False) + '\n' for h in held), 'utf-8')
    print(f'graph: {export.save(model, tok, options.out)} bytes in {options.out}')


if __name__ == '__main__':
    main()
