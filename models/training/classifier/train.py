#!/usr/bin/python3
"""Trains the injection classifier and writes it as a hub-shaped folder. README.md has the command and the figures."""
import argparse
import json
import pathlib
import random
import time

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

import texts  # first: it puts the encoder's modules on the path
import lessons
import onnx_bert
import wordpiece
from bert import Bert, pad
from distil import TEACHER_WIDTH, distil, learning_rate, optimizer_of, project, start_from_words

SEED = 20261121
VOCAB, HIDDEN, LAYERS, HEADS, INNER, POSITIONS = 6144, 192, 2, 3, 576, 256
NAMES = {0: 'SAFE', 1: 'INJECTION'}
BATCH = 48
WORD_STEPS, WORD_RATE, WORD_TOKENS = 1000, 3e-3, 6000
DISTIL_RATE, DISTIL_TOKENS, TUNE_RATE = 1e-3, 1024, 4e-4
UNKNOWN_SHARE = 0.05  # tokens hidden as [UNK], so that no single word decides


class Head(nn.Module):
    """BERT's classification head on the first token: pooler with tanh, then one logit a label."""

    def __init__(self):
        super().__init__()
        self.pooler, self.classifier = nn.Linear(HIDDEN, HIDDEN), nn.Linear(HIDDEN, len(NAMES))
        self.dropout = nn.Dropout(0.1)

    def forward(self, states):
        return self.classifier(self.dropout(torch.tanh(self.pooler(states[:, 0]))))


def learn_vocabulary(source, teacher):
    samples = [source.text(label) for _ in range(8_000) for label in (0, 1)]
    counts = wordpiece.count_words(samples)
    for rank, word in enumerate(lessons.common_words(teacher)):
        counts[word] += 20_000 / (rank + 100)
    return wordpiece.learn(counts, VOCAB, wordpiece.MANY_SCRIPTS)


def predict(bert, head, tokenizer, lines):
    rows = [tokenizer.encode(line) for line in lines]
    with torch.no_grad():
        return torch.cat([head(bert(*pad(rows[i:i + 64]))) for i in range(0, len(rows), 64)]).softmax(-1)[:, 1]


def report(bert, head, tokenizer, show=False):
    bert.eval(), head.eval()
    for name, rows in texts.evaluation().items():
        scores = predict(bert, head, tokenizer, [text for _, text in rows]).tolist()
        wrong = [(label, score, text) for (label, text), score in zip(rows, scores) if (score > 0.5) != label]
        missed = sum(label for label, _, _ in wrong)
        print(f'  {name}: {1 - len(wrong) / len(rows):.3f} of {len(rows)}, missed {missed}, false alarms {len(wrong) - missed}', flush=True)
        if show:
            print('\n'.join(f'    {label} {score:.2f} {text}' for label, score, text in wrong))
    bert.train(), head.train()


def tune(bert, head, tokenizer, source, steps):
    optimizer = optimizer_of([*bert.parameters(), *head.parameters()])
    draw, started = random.Random(SEED), time.time()
    for step in range(steps):
        learning_rate(optimizer, TUNE_RATE, step, steps)
        labels = [i % 2 for i in range(BATCH)]
        rows = [[token if draw.random() > UNKNOWN_SHARE or i == 0 else wordpiece.UNK for i, token in enumerate(tokenizer.encode(source.text(label)))]
                for label in labels]
        ids, mask = pad(rows)
        loss = F.cross_entropy(head(bert(ids, mask)), torch.tensor(labels), label_smoothing=0.02)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(bert.parameters(), 1.0)
        optimizer.step()
        if (step + 1) % 250 == 0:
            print(f'tune {step + 1}  {loss.item():.4f}  {time.time() - started:.0f} s')
            report(bert, head, tokenizer, show=step + 1 == steps)


def save_evaluation():
    """Writes corpus/held-out.jsonl, the evaluation sets as check.mjs reads them."""
    rows = [{'set': name, 'label': label, 'text': text} for name, rows in texts.evaluation().items() for label, text in rows]
    lines = [json.dumps(row, ensure_ascii=False) + '\n' for row in rows]
    (texts.CORPUS / 'held-out.jsonl').write_text(''.join(lines), encoding='utf-8')


def save(bert, head, tokenizer, out):
    (out / 'onnx').mkdir(parents=True, exist_ok=True)
    config = {'architectures': ['BertForSequenceClassification'], 'model_type': 'bert', **bert.shape, 'type_vocab_size': 2,
              'hidden_act': 'gelu', 'layer_norm_eps': 1e-12, 'pad_token_id': wordpiece.PAD, 'position_embedding_type': 'absolute',
              'problem_type': 'single_label_classification', 'num_labels': len(NAMES),
              'id2label': {str(i): name for i, name in NAMES.items()}, 'label2id': {name: i for i, name in NAMES.items()}}
    (out / 'config.json').write_text(json.dumps(config, indent=2) + '\n')
    tokenizer.save(out)
    onnx_bert.write(out / 'onnx' / 'model_quantized.onnx', bert.eval(), (head.pooler, head.classifier))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--teacher', required=True, help='folder of all-MiniLM-L6-v2')
    parser.add_argument('--cache', type=pathlib.Path, required=True, help="the encoder's lessons.txt and vectors.f16")
    parser.add_argument('--out', type=pathlib.Path, required=True, help='where the model goes')
    parser.add_argument('--distil-steps', type=int, default=3000)
    parser.add_argument('--tune-steps', type=int, default=4000)
    args = parser.parse_args()
    torch.manual_seed(SEED)
    torch.set_num_threads(1)
    lines = (args.cache / 'lessons.txt').read_text(encoding='utf-8').splitlines()
    vectors = np.fromfile(args.cache / 'vectors.f16', np.float16).reshape(len(lines), TEACHER_WIDTH).astype(np.float32)
    targets = project(vectors, HIDDEN)
    save_evaluation()
    source = texts.Source(SEED)
    tokenizer = wordpiece.Tokenizer(learn_vocabulary(source, args.teacher), POSITIONS)
    bert, head = Bert(VOCAB, HIDDEN, LAYERS, HEADS, INNER, POSITIONS, dropout=0.1), Head()
    start_from_words(bert, tokenizer, lines, targets)
    # A few hundred templates cannot teach English; the encoder's lessons do, words first.
    rows, draw = [tokenizer.encode(line) for line in lines], random.Random(SEED)
    distil(bert, rows, targets, WORD_STEPS, WORD_RATE, WORD_TOKENS, draw, depth=0)
    distil(bert, rows, targets, args.distil_steps, DISTIL_RATE, DISTIL_TOKENS, draw)
    tune(bert, head, tokenizer, source, args.tune_steps)
    save(bert, head, tokenizer, args.out)


if __name__ == '__main__':
    main()
