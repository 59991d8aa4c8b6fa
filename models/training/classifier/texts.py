"""The classifier's text: templates filled at random for training, fixed and kept apart for evaluation."""
import pathlib
import random
import re
import sys

HERE = pathlib.Path(__file__).parent
CORPUS = HERE / 'corpus'
sys.path.insert(0, str(HERE.parent / 'encoder'))
import lessons  # noqa: E402  (the encoder's phrasings are honest questions too)

LABELS = {'honest': 0, 'injection': 1}
HELD_OUT_EVERY = 6  # of each family that is trained on, every sixth template is for evaluation only
FILLS = 8  # variants of each held-out template that has slots
EVALUATION_SEED = 4711


def _slots():
    lines = [line for line in (CORPUS / 'slots.txt').read_text(encoding='utf-8').splitlines() if line.strip()]
    return {name[3:]: [v.strip() for v in values.split(' | ')] for name, values in zip(lines[1::2], lines[2::2])}


def _families(kind):
    """name -> templates, and the names of the families that are held out as a whole."""
    families, held_out, name = {}, set(), None
    for line in (CORPUS / f'{kind}.txt').read_text(encoding='utf-8').splitlines()[1:]:
        if line.startswith('## '):
            name = line[3:].replace(' (held out)', '')
            families[name] = []
            if line.endswith('(held out)'):
                held_out.add(name)
        elif line.strip():
            families[name].append(line)
    return families, held_out


SLOTS = _slots()
_SLOT = re.compile(r'\{(' + '|'.join(SLOTS) + r')\}')


def fill(template, draw):
    text = _SLOT.sub(lambda found: draw.choice(SLOTS[found[1]]), template)
    return text[0].upper() + text[1:] if draw.random() < 0.7 else text


def split():
    """(train, held_out_templates, held_out_families), each {label: {family: [template]}}."""
    parts = ({0: {}, 1: {}}, {0: {}, 1: {}}, {0: {}, 1: {}})
    for kind, label in LABELS.items():
        families, held_out = _families(kind)
        for name, templates in families.items():
            if name in held_out:
                parts[2][label][name] = templates
                continue
            parts[0][label][name] = [t for i, t in enumerate(templates) if i % HELD_OUT_EVERY != 3]
            parts[1][label][name] = [t for i, t in enumerate(templates) if i % HELD_OUT_EVERY == 3]
    groups, _ = lessons.groups()
    parts[0][0]['phrasings'] = [text for group in groups for text in lessons.training_phrasings(group)]
    parts[1][0]['phrasings'] = [group[-1] for group in groups[::4]]
    return parts


def evaluation():
    """name -> [(label, text)]: the three held-out sets, the same on every call."""
    draw = random.Random(EVALUATION_SEED)
    _, templates, families = split()
    sets = {}
    for name, part in (('held-out templates', templates), ('held-out families', families)):
        rows = {}
        for label, by_family in part.items():
            for texts in by_family.values():
                for template in texts:
                    for _ in range(FILLS if _SLOT.search(template) else 1):
                        rows[fill(template, draw)] = label
        sets[name] = [(label, text) for text, label in rows.items()]
    lines = (CORPUS / 'test.tsv').read_text(encoding='utf-8').splitlines()
    sets['hand-written'] = [(int(label), text) for label, text in (line.split('\t') for line in lines)]
    return sets


class Source:
    """Draws training texts: families by the root of their size, then noise that must not change the label."""

    def __init__(self, seed):
        self.draw = random.Random(seed)
        self.families = split()[0]
        self.weights = {label: [len(t) ** 0.5 for t in part.values()] for label, part in self.families.items()}
        self.breadth = lessons.Sentences(self.draw)
        held_out = evaluation()
        self.kept_back = {text.lower() for rows in held_out.values() for _, text in rows}

    def _plain(self, label):
        family = self.draw.choices(list(self.families[label].values()), self.weights[label])[0]
        return fill(self.draw.choice(family), self.draw)

    def _honest(self):
        return self.breadth.sentence() if self.draw.random() < 0.25 else self._plain(0)

    def _typo(self, text):
        at = self.draw.randrange(max(1, len(text) - 1))
        return self.draw.choice([text[:at] + text[at + 1:], text[:at] + text[at:at + 1] + text[at:],
                                 text[:at] + text[at + 1:at + 2] + text[at:at + 1] + text[at + 2:]])

    def text(self, label):
        """One training text of the label."""
        draw = self.draw
        text = self._plain(1) if label else self._honest()
        if draw.random() < 0.3:
            # An attack amid honest text stays an attack; honest text beside honest text stays honest.
            before = [self._honest() for _ in range(draw.choice([0, 1, 1, 2, 4]))]
            after = [self._honest() for _ in range(draw.choice([0, 0, 1, 2]))]
            text = draw.choice([' ', '\n', ' ']).join(before + [text] + after)
        if draw.random() < 0.15:
            text = self._typo(text)
        if draw.random() < 0.2:
            text = draw.choice([str.lower, str.upper, str.lower, lambda t: t.rstrip('.?!'), lambda t: t + '!', lambda t: t + ' please'])(text)
        return self.text(label) if text.lower() in self.kept_back else text
