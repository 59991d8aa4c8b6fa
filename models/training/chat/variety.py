"""Turns an entry into a chat to learn, asked each time in another way a hurried person may type it."""
import re

from corpus import WORDS, plain
from noise import MAKERS

SYSTEM_SHARE, HISTORY_SHARE = 0.06, 0.07
# So many questions are cut to a few of their words: whichever are left must do.
KEYWORDS_SHARE, WORD_LOST = 0.12, 0.25
# So many are a taught question with other words in it: its form alone is no reason to give its answer.
STRANGE_SHARE = 0.07
# The first questions of the blocks of corpus/offtopic.txt whose refusals these get.
GENERAL, NEAR = 'What is the capital of France?', 'does Twohop support MySQL'

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
spent used consumed
left remaining
wrong incorrect bad
quickly fast rapidly
purpose point reason
docs documentation manual
folder directory
request call query
option flag parameter argument
laptop computer machine
app application
website site
extension add-on plugin
login sign-in
several many multiple
image picture photo
part component piece
permit allow let
begin start
'''.strip().split('\n')]
FILLERS = {'a', 'an', 'the', 'is', 'are', 'do', 'does', 'of', 'to', 'i', 'my', 'me', 'it', 'what', 'can', 'please', 'for', 'in',
           'on', 'with', 'and', 'your', 'you', 'be', 'that', 'this', 'tell', 'about', 'there', 'will', 'would', 'should'}


ASKING = {'how', 'why', 'when', 'where', 'which', 'who', 'show', 'get', 'find', 'use', 'make', 'run', 'start', 'stop', 'change',
          'set', 'add', 'happens', 'work', 'works', 'many', 'much', 'long', 'if', 'not', 'no', 'have', 'has', 'need', 'or', 'from'}


def conversation(entry, entries, rng, unseen):
    """`entry` as chat turns: a varied question, its answer, sometimes a system message or an earlier exchange; and what was answered.

    A question whose plain form is in `unseen` is never asked.
    """
    turns = []
    if rng.random() < SYSTEM_SHARE:
        turns.append(dict(role='system', content=rng.choice(SYSTEMS)))
    if rng.random() < HISTORY_SHARE:
        turns += ask(rng.choice(entries), rng, unseen)
    if rng.random() < STRANGE_SHARE:
        asked, entry = strange(entries, rng)
        return turns + asked, entry
    return turns + ask(entry, rng, unseen), entry


def strange(entries, rng):
    """A taught question whose telling words are others, and a refusal: one of its own where Twohop is still in it."""
    refusals = {e['asked'][0]: e for e in entries if e['file'] == 'offtopic'}
    taught = rng.choice([e for e in entries if e['file'] not in ('offtopic', 'greetings')])
    of_twohop = rng.random() < 0.4
    words, strangers = [], 0
    for word in rng.choice(taught['asked']).split(' '):
        bare = word.lower().strip('?.,!')
        kept = bare in FILLERS or bare in ASKING or (of_twohop and bare == 'twohop')
        strangers += not kept
        words.append(word if kept else unheard(rng))
    if not strangers:
        words.append(unheard(rng))
    if of_twohop and 'twohop' not in ' '.join(words).lower():
        words.append(rng.choice(['in Twohop', 'with Twohop', 'of Twohop']))
    answer = refusals[NEAR if of_twohop else GENERAL]
    return [dict(role='user', content=cased(ended(' '.join(words), rng, []), rng)), dict(role='assistant', content=answer['answer'])], answer


def unheard(rng):
    """A word of no language, or one of the open world."""
    return MAKERS['nonsense'](rng) if rng.random() < 0.3 else rng.choice(WORDS[rng.choice(['world', 'world', 'thing', 'elsewhere'])])


def ask(entry, rng, unseen):
    question = vary(phrasing(entry, rng), rng)
    while plain(question) in unseen:
        question = vary(phrasing(entry, rng), rng)
    return [dict(role='user', content=question), dict(role='assistant', content=entry['answer'])]


def nearly(question, entry, rng):
    """`question` and its answer as chat turns, varied in case and ending alone; and what was answered."""
    asked = cased(ended(question, rng, []), rng)
    return [dict(role='user', content=asked), dict(role='assistant', content=entry['answer'])], entry


def phrasing(entry, rng):
    if entry['open'] and rng.random() < 0.6:
        return re.sub(r'\{(\w+)\}', lambda slot: fill(slot[1], rng), rng.choice(entry['open']))
    if entry['made'] and rng.random() < 0.4:
        return rng.choice(entry['made'])
    return rng.choice(entry['asked'])


def fill(slot, rng):
    return MAKERS[slot](rng) if slot in MAKERS else rng.choice(WORDS[slot])


def vary(question, rng):
    """Case, punctuation, politeness, a synonym, a typo, bare keywords, a dropped filler word: each now and then."""
    q = question
    if rng.random() < 0.25:
        q = re.sub(*rng.choice(REWRITES), q, flags=re.I)
    if rng.random() < 0.25:
        q = synonym(q, rng)
    if rng.random() < KEYWORDS_SHARE:
        q = keywords(q, rng)
    elif rng.random() < 0.12:
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


def keywords(q, rng):
    """`q` without some of its words, where a telling one is left."""
    left = [w for w in q.split(' ') if rng.random() > WORD_LOST]
    telling = [w for w in left if w.lower().strip('?.,!') not in FILLERS and w.lower() not in ASKING]
    return ' '.join(left) if len(telling) > 1 else q


def ended(q, rng, suffixes=SUFFIXES):
    end = rng.random()
    if end < 0.35:
        return q.rstrip('?.!')
    if end < 0.42:
        return q.rstrip('?.!') + rng.choice(['??', '!', '.', ' ?', '?!', '...'])
    if end < 0.47 and suffixes:
        return q.rstrip('?.!') + rng.choice(suffixes)
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
