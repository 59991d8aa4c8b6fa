"""Reads the questions and answers and splits off the phrasings that are held out.

A corpus file is plain text in blocks separated by an empty line:

    ? a phrasing of the question            (one line each)
    ~ define: a lease, leases               (more phrasings: each term in each pattern of that name in patterns.txt)
    * what is the capital of {place}        (more phrasings: slots filled from words.txt and world.txt, and by noise.py)
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
WORDS = {name: ', '.join(lines).split(', ') for name, lines in {**lists('words.txt'), **lists('world.txt')}.items()}
# Everyday questions that the sentence encoder learns from: a group of phrasings a line, none of them about Twohop.
EVERYDAY = HERE.parent / 'encoder' / 'corpus'
NOT_OFF_TOPIC = re.compile(r'hello|goodbye|thank|joke|cors|json web token|integration|status|error|redis|docker|environment|proxy|'
                           r'typescript|websocket|race condition|transaction|cache|caching|rest api', re.I)


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
    general = next(e for e in entries if e['file'] == 'offtopic')
    general['made'] += everyday()
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


def everyday():
    """Questions on cooking, travel, programming and the like, by way of the encoder's corpus."""
    groups = [line for file in ('everyday.txt', 'web.txt') for line in (EVERYDAY / file).read_text('utf-8').split('\n')]
    return [q for g in groups if g and not g.startswith('#') and not NOT_OFF_TOPIC.search(g) for q in g.split(' | ')]


def off_topic_held_out():
    """The questions of heldout-offtopic.txt, as `split` returns what it holds out; any refusal is right."""
    lines = (HERE / 'heldout-offtopic.txt').read_text('utf-8').split('\n')
    return [dict(file='offtopic', question=l, answer=None) for l in lines if l and not re.match(r'# |\[[a-z]', l)]


def must(entries, unseen):
    """The questions of must.txt with the entry of each, but for those in `unseen`."""
    lines = [l for l in (HERE / 'must.txt').read_text('utf-8').split('\n') if l and not l.startswith('#')]
    by_first = {e['asked'][0]: e for e in entries}
    return [(q, by_first[first]) for q, first in (l.split(' => ') for l in lines) if plain(q) not in unseen]


def split(entries, seed, share, off_topic=0.0, held=()):
    """Holds out one phrasing each of `share` of the questions and `off_topic` of the off-topic ones, beside those `held` already.

    Only phrasings written by hand are held out, never a block's first; a made one that equals a held-out one is dropped.
    Returns (training entries, [{'file', 'question', 'answer'}...]).
    """
    rng = random.Random(seed)
    topics = [i for i, e in enumerate(entries) if e['file'] != 'offtopic']
    chosen = set(rng.sample(topics, int(len(topics) * share)))
    train, taken = [], []
    for i, e in enumerate(entries):
        asked = list(e['asked'])
        for _ in range(int(len(asked) * off_topic) if e['file'] == 'offtopic' else i in chosen):
            times = Counter(plain(q) for q in asked)
            q = rng.choice([q for q in asked[1:] if times[plain(q)] == 1])
            asked.remove(q)
            taken.append(dict(file=e['file'], question=q, answer=e['answer']))
        train.append({**e, 'asked': asked})
    unseen = {plain(h['question']) for h in [*held, *taken]}
    for e in train:
        for kind in ('asked', 'made'):
            e[kind] = [q for q in e[kind] if plain(q) not in unseen]
    return train, taken
