#!/usr/bin/python3
"""Trains the sentence encoder and writes it as a hub-shaped folder. README.md has the two commands and the figures."""
import argparse
import json
import pathlib
import random

import numpy as np
import torch
from torch.nn import functional as F

import lessons
import onnx_bert
import wordpiece
from bert import Bert, mean_pool, pad
from distil import TEACHER_WIDTH, distil, project, start_from_words

SEED = 20261121
LESSONS, VARIATIONS = 80_000, 50_000
VOCAB, HIDDEN, LAYERS, HEADS, INNER, POSITIONS = 9216, 256, 2, 4, 512, 256
WORD_STEPS, WORD_RATE, WORD_TOKENS = 2000, 3e-3, 6000
BATCH_TOKENS, PEAK_RATE = 1024, 1e-3
GROUPS_A_STEP = 24
CONTRAST_EVERY = 4  # steps; the groups are few and must not be learned by heart
CONTRAST_WEIGHT = 0.2
TEMPERATURE = 0.05


def learn_vocabulary(texts, teacher):
    """WordPiece entries for the corpus and for English at large: the n-th commonest word counts for about 1/n."""
    counts = wordpiece.count_words(texts)
    for rank, word in enumerate(lessons.common_words(teacher)):
        counts[word] += 20_000 / (rank + 100)
    return wordpiece.learn(counts, VOCAB, wordpiece.LATIN)


def embed(bert, tokenizer, texts):
    rows = [tokenizer.encode(text) for text in texts]
    with torch.no_grad():
        return torch.cat([mean_pool(bert(*batch), batch[1]) for batch in (pad(rows[i:i + 64]) for i in range(0, len(rows), 64))])


def accuracy_at_1(bert, tokenizer, queries, index):
    """Share of the queries, (text, group) pairs, whose nearest text of the index belongs to their group."""
    found = (embed(bert, tokenizer, [text for text, _ in queries]) @ embed(bert, tokenizer, [text for text, _ in index]).T).argmax(1)
    return sum(index[i][1] == group for i, (_, group) in zip(found.tolist(), queries)) / len(queries)


def report(bert, tokenizer):
    bert.eval()
    train, unseen = lessons.groups()
    index = [(text, ('train', g)) for g, group in enumerate(train) for text in lessons.training_phrasings(group)]
    last = [(group[-1], ('train', g)) for g, group in enumerate(train)]
    first = [(group[0], ('unseen', g)) for g, group in enumerate(unseen)]
    rest = [(text, ('unseen', g)) for g, group in enumerate(unseen) for text in group[1:]]
    print(f'  held-out phrasings {accuracy_at_1(bert, tokenizer, last, index):.3f}'
          f'  held-out groups {accuracy_at_1(bert, tokenizer, rest, first + index):.3f}', flush=True)
    bert.train()


def contrast(bert, grouped, draw):
    """Two phrasings of a question nearer to each other than to any other question drawn with them (InfoNCE, both ways)."""
    picked = [draw.sample(group, 2) for group in draw.sample(grouped, GROUPS_A_STEP)]
    ids, mask = pad([row for pair in picked for row in pair])
    pairs = mean_pool(bert(ids, mask), mask).view(GROUPS_A_STEP, 2, -1)
    scores = pairs[:, 0] @ pairs[:, 1].T / TEMPERATURE
    labels = torch.arange(GROUPS_A_STEP)
    return (F.cross_entropy(scores, labels) + F.cross_entropy(scores.T, labels)) / 2


def train(bert, tokenizer, texts, targets, steps):
    """First the words by themselves, which costs next to nothing, then the whole model with the contrast added."""
    draw = random.Random(SEED)
    rows = [tokenizer.encode(text) for text in texts]
    grouped = [[tokenizer.encode(text) for text in lessons.training_phrasings(group)] for group in lessons.groups()[0]]

    def extra(step):
        return CONTRAST_WEIGHT * contrast(bert, grouped, draw) if step % CONTRAST_EVERY == 0 else None

    start_from_words(bert, tokenizer, texts, targets)
    distil(bert, rows, targets, WORD_STEPS, WORD_RATE, WORD_TOKENS, draw, depth=0)
    report(bert, tokenizer)
    distil(bert, rows, targets, steps, PEAK_RATE, BATCH_TOKENS, draw, extra=extra, report=lambda: report(bert, tokenizer))


def save(bert, tokenizer, out):
    """Writes the folder as sentence-transformers and transformers.js expect it."""
    (out / 'onnx').mkdir(parents=True, exist_ok=True)
    (out / '1_Pooling').mkdir(exist_ok=True)
    config = {'architectures': ['BertModel'], 'model_type': 'bert', **bert.shape, 'type_vocab_size': 2, 'hidden_act': 'gelu',
              'layer_norm_eps': 1e-12, 'pad_token_id': wordpiece.PAD, 'position_embedding_type': 'absolute'}
    pooling = {'word_embedding_dimension': HIDDEN, 'pooling_mode_cls_token': False, 'pooling_mode_mean_tokens': True,
               'pooling_mode_max_tokens': False, 'pooling_mode_mean_sqrt_len_tokens': False}
    modules = [{'idx': 0, 'name': '0', 'path': '', 'type': 'sentence_transformers.models.Transformer'},
               {'idx': 1, 'name': '1', 'path': '1_Pooling', 'type': 'sentence_transformers.models.Pooling'},
               {'idx': 2, 'name': '2', 'path': '2_Normalize', 'type': 'sentence_transformers.models.Normalize'}]
    files = {'config.json': config, '1_Pooling/config.json': pooling, 'modules.json': modules,
             'sentence_bert_config.json': {'max_seq_length': POSITIONS, 'do_lower_case': True}}
    for name, content in files.items():
        (out / name).write_text(json.dumps(content, indent=2) + '\n')
    tokenizer.save(out)
    onnx_bert.write(out / 'onnx' / 'model_quantized.onnx', bert.eval())


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('task', choices=['lessons', 'train'])
    parser.add_argument('--teacher', required=True, help='folder of all-MiniLM-L6-v2')
    parser.add_argument('--cache', type=pathlib.Path, required=True, help='folder for lessons.txt and vectors.f16')
    parser.add_argument('--out', type=pathlib.Path, help='where the model goes')
    parser.add_argument('--steps', type=int, default=6000)
    args = parser.parse_args()
    path = args.cache / 'lessons.txt'
    if args.task == 'lessons':
        args.cache.mkdir(parents=True, exist_ok=True)
        path.write_text('\n'.join(lessons.lessons(args.teacher, LESSONS, VARIATIONS, SEED)) + '\n', encoding='utf-8')
        return
    torch.manual_seed(SEED)
    torch.set_num_threads(1)
    texts = path.read_text(encoding='utf-8').splitlines()
    vectors = np.fromfile(args.cache / 'vectors.f16', np.float16).reshape(len(texts), TEACHER_WIDTH).astype(np.float32)
    targets = project(vectors, HIDDEN)
    tokenizer = wordpiece.Tokenizer(learn_vocabulary(texts, args.teacher), POSITIONS)
    bert = Bert(VOCAB, HIDDEN, LAYERS, HEADS, INNER, POSITIONS)
    train(bert, tokenizer, texts, targets, args.steps)
    save(bert, tokenizer, args.out)


if __name__ == '__main__':
    main()
