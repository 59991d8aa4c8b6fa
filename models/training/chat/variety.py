"""Turns an entry into a chat to learn, asked each time in another way a hurried person may type it."""
import re

from corpus import WORDS, plain

SYSTEM_SHARE, HISTORY_SHARE = 0.07, 0.12

SYSTEMS = [
    'You are a helpful assistant.', 'You are a helpful assistant', 'Be brief.', 'Answer in plain English.', 'Be concise.',
    'You answer questions about Twohop.', 'You are the Twohop assistant. Be concise and friendly.',
    'You are a helpful AI assistant.', 'Keep your answers short.', 'Be polite and helpful.',
]
PREFIXES = ['hi, ', 'hey, ', 'hello, ', 'ok, ', 'so, ', 'please: ', 'quick question: ', 'question: ', 'can you tell me: ',
            'tell me, ', 'I wonder, ', 'hmm, ', 'sorry, ', 'one more: ', 'hey ', 'so ', 'and ', 'ok so ', 'but ', 'well, ']
SUFFIXES = [' please', ' thanks', ', please', ' pls', ' exactly', ' in short', ', thanks', ' then', ' here', ' now', ' in Twohop', ' with Twohop']
REWRITES = [(r"\bwhat's\b", 'what is'), (r'\bwhat is\b', "what's"), (r'\bwhat is\b', 'whats'), (r"\bdon't\b", 'do not'),
            (r"\bcan't\b", 'cannot'), (r'\bhow do I\b', 'how can I'), (r'\bhow can I\b', 'how do I'), (r'\bhow do I\b', 'how to'),
            (r'\bhow does\b', 'how do'), (r'\byou\b', 'u'), (r'\bI am\b', "I'm"), (r'\bis it\b', 'is this'), (r'\bit\b', 'Twohop'),
            (r"\bdoesn't\b", 'does not'), (r'\bdoes not\b', "doesn't"), (r"\b(\w+)'(\w+)\b", r'\1\2'), (r'\band\b', '&'),
            (r'\bexplain\b', 'tell me about'), (r'\btell me about\b', 'explain'), (r'\bmy\b', 'the'), (r'\bthe\b', 'my'),
            (r'\bI\b', 'we'), (r'\bmy\b', 'our'), (r'\bdo I\b', 'should I'), (r'\bcan I\b', 'may I'), (r'\bcan I\b', 'is it possible to')]
SYNONYMS = [set(line.split()) for line in '''
start run launch boot begin
stop quit kill exit end
change set switch modify edit adjust
show list display print
error problem issue failure
price cost
allowed permitted accepted
need require want
make create generate build
fetch get download pull obtain
user customer person
url address link
check verify validate test
explain describe clarify
refused rejected denied blocked
big large huge
small tiny little
fast quick rapid
limit cap restrict
happens occurs
store keep save
enable allow activate
configure set
deploy publish ship release
works functions
send post submit
see view find
answer reply response
abort cancel interrupt
parallel concurrent simultaneous
gpu graphics
'''.strip().split('\n')]
FILLERS = {'a', 'an', 'the', 'is', 'are', 'do', 'does', 'of', 'to', 'i', 'my', 'me', 'it', 'what', 'can', 'please', 'for', 'in',
           'on', 'with', 'and', 'your', 'you', 'be', 'that', 'this', 'tell', 'about', 'there', 'will', 'would', 'should'}


def conversation(entry, entries, rng, unseen):
    """`entry` as chat turns: a varied question, its answer, sometimes a system message or an earlier exchange.

    A question whose plain form is in `unseen` is never asked.
    """
    turns = []
    if rng.random() < SYSTEM_SHARE:
        turns.append(dict(role='system', content=rng.choice(SYSTEMS)))
    if rng.random() < HISTORY_SHARE:
        turns += ask(rng.choice(entries), rng, unseen)
    return turns + ask(entry, rng, unseen)


def ask(entry, rng, unseen):
    question = vary(phrasing(entry, rng), rng)
    while plain(question) in unseen:
        question = vary(phrasing(entry, rng), rng)
    return [dict(role='user', content=question), dict(role='assistant', content=entry['answer'])]


def phrasing(entry, rng):
    if entry['open'] and rng.random() < 0.6:
        return re.sub(r'\{(\w+)\}', lambda slot: rng.choice(WORDS[slot[1]]), rng.choice(entry['open']))
    if entry['made'] and rng.random() < 0.4:
        return rng.choice(entry['made'])
    return rng.choice(entry['asked'])


def vary(question, rng):
    """Case, punctuation, politeness, a synonym, a typo, bare keywords, a dropped filler word: each now and then."""
    q = question
    if rng.random() < 0.25:
        q = re.sub(*rng.choice(REWRITES), q, flags=re.I)
    if rng.random() < 0.25:
        q = synonym(q, rng)
    if rng.random() < 0.12:
        q = ' '.join(w for w in q.split(' ') if w.lower().strip('?.,!') not in FILLERS) or q
    elif rng.random() < 0.10:
        words = q.split(' ')
        spots = [i for i, w in enumerate(words) if w.lower().strip('?.,!') in FILLERS]
        if len(words) > 3 and spots:
            del words[rng.choice(spots)]
            q = ' '.join(words)
    if rng.random() < 0.08:
        q = mistype(q, rng)
    if rng.random() < 0.08:
        q = rng.choice(PREFIXES) + (q if rng.random() < 0.4 else q[:1].lower() + q[1:])
    return cased(ended(q, rng), rng) or question


def ended(q, rng):
    end = rng.random()
    if end < 0.35:
        return q.rstrip('?.!')
    if end < 0.42:
        return q.rstrip('?.!') + rng.choice(['??', '!', '.', ' ?', '?!', '...'])
    if end < 0.47:
        return q.rstrip('?.!') + rng.choice(SUFFIXES)
    return q + '?' if end < 0.65 and q[-1:].isalnum() else q


def cased(q, rng):
    case = rng.random()
    if case < 0.35:
        return q.lower()
    if case < 0.37:
        return q.upper()
    return q[:1].upper() + q[1:] if case < 0.55 else q


def synonym(q, rng):
    words = q.split(' ')
    spots = [(i, s) for i, w in enumerate(words) for s in SYNONYMS if w.lower() in s]
    if spots:
        i, others = rng.choice(spots)
        words[i] = rng.choice(sorted(others))
    return ' '.join(words)


def mistype(q, rng):
    """Swaps, drops or doubles one inner letter of a word of five letters or more."""
    words = q.split(' ')
    spots = [i for i, w in enumerate(words) if len(w) >= 5 and w.isalpha()]
    if spots:
        i = rng.choice(spots)
        w, at = words[i], rng.randrange(1, len(words[i]) - 2)
        words[i] = rng.choice([w[:at] + w[at + 1] + w[at] + w[at + 2:], w[:at] + w[at + 1:], w[:at] + w[at] + w[at:]])
    return ' '.join(words)
