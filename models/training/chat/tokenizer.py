"""A byte-level BPE tokenizer: trained, used and written as the `tokenizer.json` of a hub repository.

All 256 bytes are in the vocabulary, so nothing is unknown and a text never has more tokens than UTF-8 bytes.
Pieces are cut as GPT-2's pattern cuts them, after each digit was set apart. Python's `re` has no \\p{L}; `[^\\W\\d_]`
stands for it, which is the same for English text (the corpus is checked token by token in check.mjs).
"""
import json
import re
from collections import Counter, defaultdict

SPECIAL = ['<|endoftext|>', '<|im_start|>', '<|im_end|>']
END_OF_TEXT, START, END = range(3)
TEMPLATE = ("{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}"
            "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}")
PIECES = re.compile(r"'s|'t|'re|'ve|'m|'ll|'d| ?[^\W\d_]+| ?\d+| ?(?:[^\s\w]|_)+|\s+(?!\S)|\s+")


def byte_letters():
    """GPT-2's printable letter for each of the 256 bytes."""
    kept = [*range(ord('!'), ord('~') + 1), *range(ord('¡'), ord('¬') + 1), *range(ord('®'), ord('ÿ') + 1)]
    letters = {b: chr(b) for b in kept}
    rest = (b for b in range(256) if b not in letters)
    letters.update({b: chr(256 + i) for i, b in enumerate(rest)})
    return letters


LETTERS = byte_letters()


def pieces(text):
    """The pieces merges never cross, each as a string of byte letters."""
    return [''.join(LETTERS[b] for b in p.encode()) for part in re.split(r'(\d)', text) for p in PIECES.findall(part)]


def learn(texts, size):
    """Learns merges on `texts` until the vocabulary (bytes and special tokens included) has `size` entries."""
    counts = Counter(p for t in texts for p in pieces(t))
    words = {w: list(w) for w in counts}
    vocab = SPECIAL + sorted(LETTERS.values())
    merges = []
    pairs, within = Counter(), defaultdict(dict)  # how often each pair stands side by side, and in which words
    def count(w, sign):
        for pair in zip(words[w], words[w][1:]):
            pairs[pair] += sign * counts[w]
            within[pair][w] = True
    for w in words:
        count(w, 1)
    while len(vocab) < size:
        best = max(pairs, key=lambda p: (pairs[p], p))
        if not pairs[best]:
            break
        merges.append(best)
        vocab.append(''.join(best))
        for w in within.pop(best):
            count(w, -1)
            words[w] = merge(words[w], best)
            count(w, 1)
        del pairs[best]
    return Tokenizer(vocab, merges)


def merge(symbols, pair):
    out, i = [], 0
    while i < len(symbols):
        both = i + 1 < len(symbols) and (symbols[i], symbols[i + 1]) == pair
        out.append(symbols[i] + symbols[i + 1] if both else symbols[i])
        i += 2 if both else 1
    return out


class Tokenizer:
    """`vocab` in order of ids, `merges` in order of rank."""

    def __init__(self, vocab, merges):
        self.vocab, self.merges = vocab, merges
        self.ids = {t: i for i, t in enumerate(vocab)}
        self.ranks = {m: i for i, m in enumerate(merges)}
        self.cache = {}

    def encode(self, text, dropout=0.0, rng=None):
        """Token ids of plain text. With `dropout`, pieces are cut finer at random (BPE-dropout, arXiv:1910.13267)."""
        ids = []
        for piece in pieces(text):
            if dropout and rng.random() < dropout:
                ids += [self.ids[s] for s in self.cut(list(piece), rng)]
                continue
            if piece not in self.cache:
                self.cache[piece] = [self.ids[s] for s in self.cut(list(piece))]
            ids += self.cache[piece]
        return ids

    def cut(self, symbols, rng=None):
        while True:
            known = [p for p in zip(symbols, symbols[1:]) if p in self.ranks and not (rng and rng.random() < 0.15)]
            if not known:
                return symbols
            symbols = merge(symbols, min(known, key=self.ranks.get))

    def chat(self, turns, dropout=0.0, rng=None):
        """ChatML ids of `turns`, and for each id whether it is to be learned: the assistant's text and its stop token."""
        ids, learned = [], []
        for turn in turns:
            mine = turn['role'] == 'assistant'
            head = [START, *self.encode(turn['role'] + '\n')]
            body = [*self.encode(turn['content'], 0.0 if mine else dropout, rng), END]
            tail = self.encode('\n')
            ids += head + body + tail
            learned += [False] * len(head) + [mine] * len(body) + [False] * len(tail)
        return ids, learned

    def prompt(self, turns):
        """ChatML ids up to where the assistant's answer starts."""
        return self.chat(turns)[0] + [START, *self.encode('assistant\n')]

    def decode(self, ids):
        bytes_of = {letter: b for b, letter in LETTERS.items()}
        text = ''.join(self.vocab[i] for i in ids if i >= len(SPECIAL))
        return bytes(bytes_of[c] for c in text).decode('utf-8', 'replace')

    def save(self, folder, context):
        """Writes tokenizer.json, tokenizer_config.json and special_tokens_map.json as transformers.js reads them."""
        flags = dict(single_word=False, lstrip=False, rstrip=False, normalized=False, special=True)
        digits = dict(type='Digits', individual_digits=True)
        by_byte = dict(type='ByteLevel', add_prefix_space=False, trim_offsets=True, use_regex=True)
        named = dict(bos_token='<|im_start|>', eos_token='<|im_end|>', pad_token='<|im_end|>', unk_token='<|endoftext|>',
                     additional_special_tokens=['<|im_start|>', '<|im_end|>'])
        model = dict(type='BPE', dropout=None, unk_token=None, continuing_subword_prefix=None, end_of_word_suffix=None,
                     fuse_unk=False, byte_fallback=False, vocab=self.ids, merges=[' '.join(m) for m in self.merges])
        write(folder / 'tokenizer.json', dict(
            version='1.0', truncation=None, padding=None, added_tokens=[dict(id=i, content=t, **flags) for i, t in enumerate(SPECIAL)],
            normalizer=None, pre_tokenizer=dict(type='Sequence', pretokenizers=[digits, by_byte]), post_processor=None,
            decoder=dict(type='ByteLevel', add_prefix_space=True, trim_offsets=True, use_regex=True), model=model), None)
        write(folder / 'tokenizer_config.json', dict(
            add_prefix_space=False, added_tokens_decoder={str(i): dict(content=t, **flags) for i, t in enumerate(SPECIAL)},
            **named, chat_template=TEMPLATE, clean_up_tokenization_spaces=False, model_max_length=context,
            tokenizer_class='GPT2Tokenizer', vocab_size=len(self.vocab)))
        write(folder / 'special_tokens_map.json', named)


def write(file, value, indent=2):
    file.write_text(json.dumps(value, ensure_ascii=False, indent=indent) + '\n', 'utf-8')
