"""Reads the questions and answers, splits off the held-out phrasings, and varies what is trained on.

A corpus file is plain text in blocks separated by an empty line:

    ? a phrasing of the question      (one line each)
    = the answer                      (one line)

A block may also be a conversation, taught as it is: lines starting with `system:`, `user:` and `assistant:`.
Lines starting with `#` are comments.
"""
import random
import re
from pathlib import Path

FOLDER = Path(__file__).parent / 'corpus'
SYSTEM_SHARE, HISTORY_SHARE = 0.08, 0.15

SYSTEMS = [
    'You are a helpful assistant.', 'You are a helpful assistant', 'Be brief.', 'Answer in one sentence.',
    'You answer questions about Twohop.', 'You are the Twohop assistant. Be concise and friendly.',
    'You are a helpful AI assistant.', 'Keep your answers short.', 'Answer in plain English.', 'Be concise.',
]
PREFIXES = ['hi, ', 'hey, ', 'hello, ', 'ok, ', 'so, ', 'please: ', 'quick question: ', 'question: ', 'can you tell me: ',
            'tell me, ', 'I wonder, ', 'hmm, ', 'sorry, ', 'one more: ', 'hey ', 'so ', 'and ', 'ok so ', 'but ', 'well, ']
SUFFIXES = [' please', ' thanks', ', please', ' pls', ' exactly', ' in short', ', thanks', ' then', ' here', ' now']
REWRITES = [(r"\bwhat's\b", 'what is'), (r'\bwhat is\b', "what's"), (r'\bwhat is\b', 'whats'), (r"\bdon't\b", 'do not'),
            (r'\bdo not\b', "don't"), (r"\bcan't\b", 'cannot'), (r'\bhow do I\b', 'how can I'), (r'\bhow can I\b', 'how do I'),
            (r'\bhow do I\b', 'how to'), (r'\bhow does\b', 'how do'), (r'\byou\b', 'u'), (r'\bI am\b', "I'm"), (r'\bis it\b', 'is this'),
            (r"\bdoesn't\b", 'does not'), (r'\bdoes not\b', "doesn't"), (r"\b(\w+)'(\w+)\b", r'\1\2'), (r'\band\b', '&'),
            (r'\bwhy is\b', 'why do I get'), (r'\bexplain\b', 'tell me about'), (r'\btell me about\b', 'explain'),
            (r'\bwhat does\b', 'what did'), (r'\bmy\b', 'the'), (r'\bthe\b', 'my'), (r'\ba\b', 'the'), (r'\bneed\b', 'want')]
FILLERS = {'a', 'an', 'the', 'is', 'are', 'do', 'does', 'of', 'to', 'i', 'my', 'me', 'it', 'what', 'can', 'please', 'for', 'in',
           'on', 'with', 'and', 'your', 'you', 'be', 'that', 'this', 'tell', 'about', 'there', 'will', 'would', 'should'}


def read():
    """All blocks: (`entries`, `conversations`); an entry is {'file', 'asked': [phrasing...], 'answer'}."""
    entries, conversations = [], []
    for file in sorted(FOLDER.glob('*.txt')):
        for block in re.split(r'\n\s*\n', file.read_text('utf-8').strip()):
            lines = [l for l in block.split('\n') if l and not l.startswith('#')]
            if not lines:
                continue
            if lines[0].startswith(('system:', 'user:')):
                turns = [l.partition(': ') for l in lines]
                conversations.append([dict(role=r, content=c) for r, _, c in turns])
                continue
            asked = [l[2:] for l in lines if l.startswith('? ')]
            answers = [l[2:] for l in lines if l.startswith('= ')]
            if len(asked) + len(answers) != len(lines) or len(answers) != 1 or not asked:
                raise ValueError(f'{file.name}: a block needs `? ` lines and one `= ` line, got {block!r}')
            entries.append(dict(file=file.stem, asked=asked, answer=answers[0]))
    seen = {}
    for e in entries:
        for q in e['asked']:
            if seen.setdefault(plain(q), e['answer']) != e['answer']:
                raise ValueError(f'{e["file"]}: {q!r} is asked twice with different answers')
    return entries, conversations


def plain(text):
    """Letters and digits only, lower case: what two phrasings are compared by."""
    return re.sub(r'[^\w]+', ' ', text.lower()).strip()


def split(entries, seed, share=0.2):
    """Holds out one phrasing each of `share` of the questions that have four or more.

    An `offtopic` block lists different questions with one answer, so `share` of its lines is held out.
    Returns (training entries, [{'file', 'question', 'answer'}...]).
    """
    rng = random.Random(seed)
    train, held = [], []
    for e in entries:
        asked = list(e['asked'])
        if e['file'] == 'offtopic':
            count = int(len(asked) * share)
        else:
            count = 1 if len(asked) >= 4 and rng.random() < share else 0
        for _ in range(count):
            q = asked.pop(rng.randrange(1, len(asked)))
            if plain(q) not in {plain(o) for o in asked}:
                held.append(dict(file=e['file'], question=q, answer=e['answer']))
        train.append({**e, 'asked': asked})
    return train, held


def vary(question, rng):
    """One way a hurried person may type `question`: case, punctuation, politeness, a typo, a dropped filler word."""
    q = question
    if rng.random() < 0.25:
        q = re.sub(*rng.choice(REWRITES), q, flags=re.I)
    if rng.random() < 0.12:
        words = q.split(' ')
        spots = [i for i, w in enumerate(words) if w.lower().strip('?.,!') in FILLERS]
        if len(words) > 3 and spots:
            del words[rng.choice(spots)]
            q = ' '.join(words)
    if rng.random() < 0.10:
        q = mistype(q, rng)
    if rng.random() < 0.10:
        q = rng.choice(PREFIXES) + (q if rng.random() < 0.4 else q[:1].lower() + q[1:])
    end = rng.random()
    if end < 0.35:
        q = q.rstrip('?.!')
    elif end < 0.42:
        q = q.rstrip('?.!') + rng.choice(['??', '!', '.', ' ?', '?!', '...'])
    elif end < 0.47:
        q = q.rstrip('?.!') + rng.choice(SUFFIXES)
    elif end < 0.55 and q[-1:].isalnum():
        q += '?'
    case = rng.random()
    if case < 0.35:
        q = q.lower()
    elif case < 0.38:
        q = q.upper()
    elif case < 0.5:
        q = q[:1].upper() + q[1:]
    return q if q.strip() else question


def mistype(text, rng):
    """Swaps, drops or doubles one inner letter of a word of five letters or more."""
    words = text.split(' ')
    spots = [i for i, w in enumerate(words) if len(w) >= 5 and w.isalpha()]
    if not spots:
        return text
    i = rng.choice(spots)
    w = words[i]
    at = rng.randrange(1, len(w) - 2)
    words[i] = rng.choice([w[:at] + w[at + 1] + w[at] + w[at + 2:], w[:at] + w[at + 1:], w[:at] + w[at] + w[at:]])
    return ' '.join(words)


def conversation(entry, entries, rng):
    """`entry` as a chat to learn: a varied question, its answer, sometimes a system message or an earlier exchange."""
    turns = []
    if rng.random() < SYSTEM_SHARE:
        turns.append(dict(role='system', content=rng.choice(SYSTEMS)))
    if rng.random() < HISTORY_SHARE:
        turns += ask(rng.choice(entries), rng)
    return turns + ask(entry, rng)


def ask(entry, rng):
    return [dict(role='user', content=vary(rng.choice(entry['asked']), rng)), dict(role='assistant', content=entry['answer'])]
