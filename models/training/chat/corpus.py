"""Reads the questions and answers and splits off the held-out phrasings.

A corpus file is plain text in blocks separated by an empty line:

    ? a phrasing of the question            (one line each)
    ~ define: a lease, leases               (more phrasings: each term in each pattern of that name in patterns.txt)
    * what is the capital of {place}        (more phrasings: slots filled from words.txt)
    = the answer                            (one line)

A block may also be a conversation, taught as it is: lines starting with `system:`, `user:` and `assistant:`.
Lines starting with `#` are comments.
"""
import random
import re
from collections import Counter
from pathlib import Path

HERE = Path(__file__).parent


def lists(file):
    """`[name]` sections of lines: {name: [line...]}."""
    found = {}
    for line in (HERE / 'wordlists' / file).read_text('utf-8').split('\n'):
        if line.startswith('['):
            found[line.strip('[]')] = current = []
        elif line and not line.startswith('#'):
            current.append(line)
    return found


PATTERNS = lists('patterns.txt')
WORDS = {name: ', '.join(lines).split(', ') for name, lines in lists('words.txt').items()}


def read():
    """All blocks: (entries, conversations); an entry is {'file', 'asked', 'made', 'open', 'answer'}.

    `asked` are the phrasings written by hand, `made` those filled from patterns, `open` the lines with slots.
    Raises ValueError for a malformed block and for a hand-written question with two answers.
    """
    entries, conversations = [], []
    for file in sorted((HERE / 'corpus').glob('*.txt')):
        for block in re.split(r'\n\s*\n', file.read_text('utf-8').strip()):
            lines = [l for l in block.split('\n') if not l.startswith('#')]
            if lines and lines[0].startswith(('system:', 'user:')):
                turns = [l.partition(': ') for l in lines]
                conversations.append([dict(role=role, content=content) for role, _, content in turns])
            elif lines:
                entries.append(dict(file=file.stem, **question(lines, file.name)))
    answers = {}
    for e in entries:
        for q in e['asked']:
            if answers.setdefault(plain(q), e['answer']) != e['answer']:
                raise ValueError(f'{e["file"]}: {q!r} has two answers')
    for e in entries:  # what is written by hand goes before what a pattern makes of another block
        e['made'] = [q for q in e['made'] if answers.setdefault(plain(q), e['answer']) == e['answer']]
    return entries, conversations


def question(lines, name):
    kinds = {mark: [l[2:] for l in lines if l.startswith(mark + ' ')] for mark in '?~*='}
    if sum(map(len, kinds.values())) != len(lines) or len(kinds['=']) != 1 or not kinds['?']:
        raise ValueError(f'{name}: a block needs `? ` lines and one `= ` line, got {lines!r}')
    made = []
    for line in kinds['~']:
        pattern, _, terms = line.partition(': ')
        made += [p.replace('{}', term) for term in terms.split(', ') for p in PATTERNS[pattern]]
    return dict(asked=kinds['?'], made=made, open=kinds['*'], answer=kinds['='][0])


def plain(text):
    """What two phrasings are compared by: lower case, without punctuation (but for symbols that stand alone)."""
    return re.sub(r'[^\w]+', ' ', text.lower()).strip() or text


def split(entries, seed, share=0.2):
    """Holds out one phrasing each of `share` of the questions, and `share` of the off-topic questions.

    Only phrasings written by hand are held out, never a block's first; a made one that equals a held-out one is dropped.
    Returns (training entries, [{'file', 'question', 'answer'}...]).
    """
    rng = random.Random(seed)
    topics = [i for i, e in enumerate(entries) if e['file'] != 'offtopic']
    chosen = set(rng.sample(topics, int(len(topics) * share)))
    train, held = [], []
    for i, e in enumerate(entries):
        asked = list(e['asked'])
        count = int(len(asked) * share) if e['file'] == 'offtopic' else int(i in chosen)
        for _ in range(count):
            times = Counter(plain(q) for q in asked)
            q = rng.choice([q for q in asked[1:] if times[plain(q)] == 1])
            asked.remove(q)
            held.append(dict(file=e['file'], question=q, answer=e['answer']))
        train.append({**e, 'asked': asked})
    unseen = {plain(h['question']) for h in held}
    for e in train:
        e['made'] = [q for q in e['made'] if plain(q) not in unseen]
    return train, held
