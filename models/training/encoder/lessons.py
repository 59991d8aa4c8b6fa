"""What the encoder learns from: the groups of phrasings, and many more sentences built from `corpus/breadth.txt`."""
import json
import pathlib
import random
import re

HERE = pathlib.Path(__file__).parent
CORPUS = HERE / 'corpus'
GROUP_FILES = ['twohop', 'web', 'extension', 'account', 'billing', 'everyday']
COMMON_WORDS = 9000


def _groups(name):
    lines = (CORPUS / f'{name}.txt').read_text(encoding='utf-8').splitlines()
    return [[text.strip() for text in line.split('|')] for line in lines if line.strip()]


def groups():
    """(train, held_out): lists of groups, each a list of phrasings of one question.

    Of every training group the last phrasing is for evaluation only; `training_phrasings` leaves it out.
    """
    return [group for name in GROUP_FILES for group in _groups(name)], _groups('held-out-groups')


def training_phrasings(group):
    return group[:-1]


class Sentences:
    """Sentences built at random from the parts of breadth.txt."""

    def __init__(self, draw, more_things=()):
        self.draw, self.more_things, self.parts = draw, more_things, {}
        for line in (CORPUS / 'breadth.txt').read_text(encoding='utf-8').splitlines():
            if line.startswith('## '):
                part = self.parts[line[3:]] = []
            elif self.parts and line.strip():
                part += [line] if part is self.parts.get('template') else [word.strip() for word in line.split('|')]

    def _slot(self, name):
        # With `more_things` half of the things are any common word, so that a student meets words beyond our own list.
        if name == 'thing' and self.more_things and self.draw.random() < 0.5:
            return self.draw.choice(self.more_things)
        return self.draw.choice(self.parts[name])

    def word(self):
        return self._slot(self.draw.choice(['thing', 'thing', 'verb', 'quality']))

    def sentence(self):
        text = self.draw.choice(self.parts['template'])
        return re.sub(r'\{(\w+)\}', lambda found: self._slot(found[1]), text)


def common_words(teacher):
    """The commonest English words, in falling order: the whole words of the teacher's own vocabulary."""
    ids = json.loads((pathlib.Path(teacher) / 'tokenizer.json').read_text(encoding='utf-8'))['model']['vocab']
    listed = sorted((i, word) for word, i in ids.items() if i > 1995 and word.isascii() and word.isalpha())
    return [word for _, word in listed if len(word) > 1][:COMMON_WORDS]


def _variation(draw, originals, sentences):
    """A real sentence with something changed; the teacher says how much that matters."""
    words = draw.choice(originals).split()
    change = draw.random()
    if change < 0.3:  # the head of one sentence, the tail of another
        other = draw.choice(originals).split()
        words = words[:draw.randint(1, len(words))] + other[draw.randint(0, len(other) - 1):]
    elif change < 0.4:
        del words[draw.randrange(len(words))]
    elif change < 0.5:
        words = draw.choice(['Please tell me:', 'Quick question:', 'I wonder,', 'Hi,', 'For a friend:', 'Sorry, but']).split() + words
    if change > 0.4:
        for _ in range(draw.randint(1, 2)):
            words[draw.randrange(len(words))] = sentences.word()
    text = ' '.join(words) or sentences.word()
    return text.lower().rstrip('?.') if draw.random() < 0.3 else text


def lessons(teacher, count, variations, seed):
    """Distinct texts for the teacher to embed, in a fixed order.

    About `count` are phrasings, common words, filled templates and longer texts; `variations` more are real sentences
    with words exchanged, dropped or grafted, because templates alone are poor in grammar.
    """
    draw = random.Random(seed)
    train, unseen = groups()
    kept_back = {text for group in train for text in group[-1:]} | {text for group in unseen for text in group}
    phrasings = [text for group in train for text in training_phrasings(group)]
    words = common_words(teacher)
    sentences = Sentences(draw, words)

    def longer():
        return ' '.join(draw.choice([sentences.sentence, lambda: draw.choice(phrasings)])() for _ in range(draw.randint(2, 10)))

    texts = dict.fromkeys(phrasings + words)
    while len(texts) < count:
        kind = draw.random()
        if kind < 0.74:
            texts[sentences.sentence()] = None
        elif kind < 0.94:
            texts[' '.join(draw.choice(words) for _ in range(draw.randint(2, 6)))] = None
        else:
            texts[longer()] = None
    originals = phrasings + (CORPUS / 'sentences.txt').read_text(encoding='utf-8').splitlines()
    texts.update(dict.fromkeys(originals))
    while len(texts) < count + variations:
        texts[_variation(draw, originals, sentences)] = None
    return [text for text in texts if text not in kept_back]
